import type { Sql, TransactionSql } from "../../client.ts";

/** What a token lets a program do: look at everything, or change what is not the tokens themselves too. */
export type TokenScope = "read" | "operate";

/** A token as it is listed; neither it nor its hash is shown again. */
export type ApiTokenRow = {
  id: number;
  name: string;
  scope: TokenScope;
  createdBy: string;
  createdAt: Date;
  lastUsedAt: Date | null;
};

export type NewApiToken = { name: string; tokenHash: string; scope: TokenScope; createdBy: string; createdAt: Date };

/** Keeps a token; answers its id, null where another has its name. */
export async function insertApiToken(sql: Sql | TransactionSql, token: NewApiToken): Promise<number | null> {
  const [row] = await sql<{ id: number }[]>`
    insert into barline.api_tokens (name, token_hash, scope, created_by, created_at)
    values (${token.name}::text, ${token.tokenHash}::text, ${token.scope}::text, ${token.createdBy}::text,
      ${token.createdAt}::timestamptz)
    on conflict (name) do nothing
    returning id`;
  return row?.id ?? null;
}

/** The token of this hash; null where there is none, or no longer. */
export async function selectApiToken(
  sql: Sql,
  tokenHash: string,
): Promise<Pick<ApiTokenRow, "id" | "name" | "scope" | "lastUsedAt"> | null> {
  const [row] = await sql<Pick<ApiTokenRow, "id" | "name" | "scope" | "lastUsedAt">[]>`
    select id, name, scope, last_used_at as "lastUsedAt" from barline.api_tokens where token_hash = ${tokenHash}::text`;
  return row ?? null;
}

/** Every token, by its name. */
export function selectApiTokens(sql: Sql): Promise<ApiTokenRow[]> {
  return sql<ApiTokenRow[]>`
    select id, name, scope, created_by as "createdBy", created_at as "createdAt", last_used_at as "lastUsedAt"
    from barline.api_tokens
    order by name`;
}

/** Notes that the token `id` was used at `now`. */
export async function updateApiTokenUse(sql: Sql, id: number, now: Date): Promise<void> {
  await sql`update barline.api_tokens set last_used_at = ${now}::timestamptz where id = ${id}::bigint`;
}

/** Removes a token, which lets nobody in from then on; answers its name, null where it is gone already. */
export async function deleteApiToken(sql: Sql | TransactionSql, id: number): Promise<string | null> {
  const [row] = await sql<{ name: string }[]>`
    delete from barline.api_tokens where id = ${id}::bigint returning name`;
  return row?.name ?? null;
}
