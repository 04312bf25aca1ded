import { createHash, randomBytes } from "node:crypto";
import type { Sql } from "../../db/client.ts";
import { insertAction } from "../../db/queries/operations/actions.ts";
import {
  type ApiTokenRow,
  deleteApiToken,
  insertApiToken,
  selectApiToken,
  selectApiTokens,
  type TokenScope,
  updateApiTokenUse,
} from "../../db/queries/operations/api-tokens.ts";
import { type Actor, RequestError } from "../../jobs/orchestrator/types.ts";
import { checkName } from "./actor.ts";

export const tokenScopes = ["read", "operate"] as const satisfies readonly TokenScope[];

/** The tokens by which programs are let in: kept in the database, so that all processes agree. */
export type ApiTokens = {
  /** Makes a token, which nobody is told again. Throws a RequestError where the name cannot be kept or is taken. */
  create(token: { name: string; scope: TokenScope }, by: Actor): Promise<{ id: number; token: string }>;
  /** Whose token it is and what it lets do; null for what is none, or no longer. Notes that it was used. */
  find(token: string): Promise<{ name: string; scope: TokenScope } | null>;
  list(): Promise<ApiTokenRow[]>;
  /** Ends a token. Throws a RequestError where there is none of that id. */
  revoke(id: number, by: Actor): Promise<void>;
};

/** Tells people, and tools that look for secrets in the wrong places, what they have found. */
const prefix = "barline_";
/** The prefix and 32 random bytes in base64url. */
const tokenForm = /^barline_[A-Za-z0-9_-]{43}$/;

/** Whether `text` has the form of a token: it is then no password that somebody tries. */
export const isTokenForm = (text: string) => tokenForm.test(text);

/** A plain hash is enough for what is random and long. */
const hashOf = (token: string) => createHash("sha256").update(token).digest("base64url");

/** As often as the last use is written: not at every call of a busy script. */
const useNotedAfterMs = 60_000;

/** Makes the tokens of every process on the database behind `sql`, which has to be a pool that may write. */
export function createApiTokens({ sql, now }: { sql: Sql; now: () => Date }): ApiTokens {
  return {
    async create({ name: given, scope }, by) {
      const checked = checkName(given);
      if ("problem" in checked) throw new RequestError("invalid", checked.problem, "name");
      const { name } = checked;
      if (name === null) throw new RequestError("invalid", "Give it a name, to know it by.", "name");
      const token = `${prefix}${randomBytes(32).toString("base64url")}`;
      const row = { name, tokenHash: hashOf(token), scope, createdBy: by.name, createdAt: now() };
      const id = await sql.begin(async (transaction) => {
        const added = await insertApiToken(transaction, row);
        if (added === null) throw new RequestError("conflict", `There is a token called ${name} already.`, "name");
        await insertAction(transaction, {
          actor: by.name,
          via: by.via,
          kind: "token.create",
          details: { name, scope },
        });
        return added;
      });
      return { id, token };
    },
    async find(token) {
      if (!isTokenForm(token)) return null;
      const found = await selectApiToken(sql, hashOf(token));
      if (found === null) return null;
      const at = now();
      const isNoted = found.lastUsedAt !== null && at.getTime() - found.lastUsedAt.getTime() < useNotedAfterMs;
      if (!isNoted) await updateApiTokenUse(sql, found.id, at);
      return { name: found.name, scope: found.scope };
    },
    list: () => selectApiTokens(sql),
    revoke: async (id, by) =>
      await sql.begin(async (transaction) => {
        const name = await deleteApiToken(transaction, id);
        if (name === null) throw new RequestError("not_found", `There is no token ${id}.`);
        await insertAction(transaction, { actor: by.name, via: by.via, kind: "token.revoke", details: { name } });
      }),
  };
}
