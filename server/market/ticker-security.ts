import type { Sql } from "../../db/client.ts";
import {
  type Holder,
  hasSecurities,
  type SecurityProfile,
  selectHolders,
  selectSecurity,
  selectSecurityId,
} from "../../db/queries/market/read-securities.ts";
import type { SecurityView } from "../../views/market/ticker-names.tsx";

/** Whose bars a ticker's page shows. `security` null: a label's own, before securities are published. */
export type PageHolder = Required<Holder>;

/** The security asked for, where it has or had the label; else the one that has it, or had it last. */
export async function findHolder(read: Sql, ticker: string, asked: string | undefined): Promise<PageHolder> {
  if (asked !== undefined && (await hasSecurities(read))) {
    const holders = await selectHolders(read, ticker);
    if (holders.some(({ securityId }) => securityId === asked)) return { ticker, security: asked };
  }
  return { ticker, security: await selectSecurityId(read, ticker) };
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
