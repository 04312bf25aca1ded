import type { Sql, TransactionSql } from "../../client.ts";
import { lockKeys } from "../../locks.ts";

/** Lets one process at a time look at the kept password and replace it. Released with the transaction. */
export async function lockCredentials(transaction: TransactionSql): Promise<void> {
  await transaction`select pg_advisory_xact_lock(${lockKeys.credentials}::bigint)`;
}

/** A password that lets in: whose it is, and its hash. */
export type CredentialRow = { name: string; hash: string };

/** The passwords that are kept, the admin's first. */
export function selectCredentials(sql: Sql | TransactionSql): Promise<CredentialRow[]> {
  return sql<CredentialRow[]>`select name, hash from barline.credentials order by name`;
}

/** Keeps `hash` under `name`, in the place of what was there. */
export async function replaceCredential(
  sql: Sql | TransactionSql,
  credential: { name: string; hash: string; changedAt: Date },
): Promise<void> {
  await sql`
    insert into barline.credentials (name, hash, changed_at)
    values (${credential.name}::text, ${credential.hash}::text, ${credential.changedAt}::timestamptz)
    on conflict (name) do update set hash = excluded.hash, changed_at = excluded.changed_at`;
}

/** Forgets what is kept under `name`. */
export async function deleteCredential(sql: Sql | TransactionSql, name: string): Promise<void> {
  await sql`delete from barline.credentials where name = ${name}::text`;
}

export type NewSignIn = { tokenHash: string; name: string; address: string | null; createdAt: Date; expiresAt: Date };

/** Keeps a sign-in that was made with the credential of this hash; false where that was replaced meanwhile. */
export async function insertSignIn(
  sql: Sql | TransactionSql,
  signIn: NewSignIn,
  credential: CredentialRow,
): Promise<boolean> {
  const rows = await sql`
    insert into barline.sign_ins (token_hash, name, credential, address, created_at, expires_at)
    select ${signIn.tokenHash}::text, ${signIn.name}::text, ${credential.name}::text, ${signIn.address}::text, ${signIn.createdAt}::timestamptz,
      ${signIn.expiresAt}::timestamptz
    from barline.credentials
    where name = ${credential.name}::text and hash = ${credential.hash}::text
    for share`;
  return rows.count > 0;
}

/** Whoever holds the token of this hash, and whose password they gave; null where it is unknown or over at `now`. */
export async function selectSignIn(
  sql: Sql,
  tokenHash: string,
  now: Date,
): Promise<{ name: string; credential: string } | null> {
  const [row] = await sql<{ name: string; credential: string }[]>`
    select name, credential from barline.sign_ins
    where token_hash = ${tokenHash}::text and expires_at > ${now}::timestamptz`;
  return row ?? null;
}

export type SignInRow = {
  tokenHash: string;
  name: string;
  credential: string;
  address: string | null;
  createdAt: Date;
  expiresAt: Date;
};

/** Who is signed in at `now`, the latest first. */
export function selectSignIns(sql: Sql, now: Date, limit: number): Promise<SignInRow[]> {
  return sql<SignInRow[]>`
    select token_hash as "tokenHash", name, credential, address, created_at as "createdAt", expires_at as "expiresAt"
    from barline.sign_ins
    where expires_at > ${now}::timestamptz
    order by created_at desc
    limit ${limit}::int`;
}

/** Ends one sign-in; answers whose it was, null where it was over already. */
export async function deleteSignIn(sql: Sql | TransactionSql, tokenHash: string): Promise<string | null> {
  const [row] = await sql<{ name: string }[]>`
    delete from barline.sign_ins where token_hash = ${tokenHash}::text returning name`;
  return row?.name ?? null;
}

/** Ends every sign-in; answers how many there were. */
export async function deleteSignIns(sql: Sql | TransactionSql): Promise<number> {
  const rows = await sql`delete from barline.sign_ins`;
  return rows.count;
}

/** Ends every sign-in that was made with the password of `credential`. */
export async function deleteSignInsBy(sql: Sql | TransactionSql, credential: string): Promise<void> {
  await sql`delete from barline.sign_ins where credential = ${credential}::text`;
}

/** Forgets the sign-ins that are over at `now`. */
export async function deleteExpiredSignIns(sql: Sql | TransactionSql, now: Date): Promise<void> {
  await sql`delete from barline.sign_ins where expires_at <= ${now}::timestamptz`;
}
