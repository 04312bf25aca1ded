import type { Sql } from "../../db/client.ts";
import {
  type Holder,
  hasSecurities,
  type SecurityProfile,
  selectHolders,
  selectSecurity,
  selectSecurityId,
  selectSecurityOn,
} from "../../db/queries/market/read-securities.ts";
import type { SecurityView } from "../../views/market/ticker-names.tsx";

/**
 * Whose bars a ticker's page shows. `security` null: a label's own, before securities are published. `isNewest`: of those that had the label
 * the one that has it, or had it last, which its address alone finds.
 */
export type PageHolder = Required<Holder> & { isNewest: boolean };

/** Which of a label's holders is asked for: by its id, or by a session in which it had the label. */
export type AskedHolder = { security?: string | undefined; on?: string | undefined };

/** The security asked for, where it has or had the label; else the one that has it, or had it last. */
export async function findHolder(read: Sql, ticker: string, { security, on }: AskedHolder): Promise<PageHolder> {
  const newest = await selectSecurityId(read, ticker);
  const asked = security ?? (on === undefined ? undefined : await selectSecurityOn(read, ticker, on)) ?? newest;
  if (asked === newest || !(await isHolder(read, ticker, asked))) return { ticker, security: newest, isNewest: true };
  return { ticker, security: asked, isNewest: false };
}

async function isHolder(read: Sql, ticker: string, asked: string | null): Promise<boolean> {
  if (!(await hasSecurities(read))) return false;
  return (await selectHolders(read, ticker)).some(({ securityId }) => securityId === asked);
}

/** What is known of it, and of the other holders of its label. */
export async function readSecurity(
  read: Sql,
  { ticker, security }: PageHolder,
): Promise<{ profile: SecurityProfile; view: SecurityView } | null> {
  if (security === null) return null;
  const [profile, holders] = await Promise.all([selectSecurity(read, security), selectHolders(read, ticker)]);
  if (profile === null) return null;
  const others = holders.filter(({ securityId }) => securityId !== security);
  const names = profile.labels.filter(
    ({ ticker: label }, index, labels) => labels.findIndex((other) => other.ticker === label) === index,
  );
  return { profile, view: { securityId: security, ticker: profile.ticker, names, others } };
}
