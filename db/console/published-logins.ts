import { randomBytes } from "node:crypto";
import type { Sql, TransactionSql } from "../client.ts";
import { changeRolesInOrder, ensurePublishedRole, publishedRole } from "../published-role.ts";
import { quoteIdentifier } from "../quote.ts";
import type { PublishedLogin } from "./login.ts";
import { isRefused, limitFiles, setVerifier } from "./roles.ts";
import { scramVerifier } from "./scram.ts";

/** Enough for a dashboard's pool, and too few to keep others out. */
const mostConnections = 10;

/**
 * What sessions of such a login begin with. A publication waits a minute for readers of a table, and is then tried again: no
 * statement, and no transaction that somebody leaves open, is to make it wait for longer. Who signs in may set others.
 */
const sessionLimits: readonly (readonly [setting: string, value: string])[] = [
  ["default_transaction_read_only", "on"],
  ["statement_timeout", "50s"],
  ["idle_in_transaction_session_timeout", "20s"],
  ["lock_timeout", "10s"],
];

/** A name that says what it is for, and is nobody else's on the server. */
export function makePublishedLogin(name: string): PublishedLogin {
  const told = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, 24);
  const parts = ["barline", ...(told === "" ? [] : [told]), randomBytes(4).toString("hex")];
  return { role: parts.join("_"), password: randomBytes(24).toString("base64url") };
}

/** Makes the role. False where that may not be done: {@link publishedLoginStatements} are then for somebody who may. */
export async function createPublishedLogin(sql: Sql, { role, password }: PublishedLogin): Promise<boolean> {
  try {
    await sql.begin(async (transaction) => {
      await changeRolesInOrder(transaction);
      await ensurePublishedRole(transaction);
      const limit = transaction.unsafe(String(mostConnections));
      await transaction`create role ${transaction(role)} login connection limit ${limit}`;
      await setVerifier(transaction, role, scramVerifier(password));
      await transaction`grant ${transaction(publishedRole)} to ${transaction(role)}`;
      for (const [setting, value] of sessionLimits)
        await transaction`alter role ${transaction(role)} set ${transaction.unsafe(setting)} = ${transaction.unsafe(`'${value}'`)}`;
    });
  } catch (error) {
    if (!isRefused(error)) throw error;
    return false;
  }
  await limitFiles(sql, role);
  return true;
}

/** The same, to be run once by somebody who may make roles. The verifier is not the password, and lets nobody in. */
export async function publishedLoginStatements(sql: Sql, { role, password }: PublishedLogin): Promise<string[]> {
  const [{ owner, hasGroup } = { owner: "", hasGroup: false }] = await sql<{ owner: string; hasGroup: boolean }[]>`
    select current_user as owner, exists (select from pg_roles where rolname = ${publishedRole}) as "hasGroup"`;
  return [
    ...(hasGroup ? [] : [`create role ${publishedRole} nologin;`]),
    `grant ${publishedRole} to ${quoteIdentifier(owner)} with admin option;`,
    `create role ${quoteIdentifier(role)} login connection limit ${mostConnections} password '${scramVerifier(password)}' in role ${publishedRole};`,
    ...sessionLimits.map(([setting, value]) => `alter role ${quoteIdentifier(role)} set ${setting} = '${value}';`),
  ];
}

/** What ends a login, for somebody who may. */
export const dropStatements = (role: string): string[] => [
  `drop owned by ${quoteIdentifier(role)};`,
  `drop role ${quoteIdentifier(role)};`,
];

/** Whether roles of these names are there. */
export async function selectLogins(sql: Sql, roles: readonly string[]): Promise<Set<string>> {
  const rows = await sql<
    { role: string }[]
  >`select rolname as role from pg_roles where rolname = any (${[...roles]}::text[])`;
  return new Set(rows.map(({ role }) => role));
}

/**
 * Ends a login: nobody signs in by it any more, and who is signed in is cut off. False where that may not be done. Throws what the
 * server says where it was given something outside of this database.
 */
export async function dropPublishedLogin(sql: Sql, role: string): Promise<boolean> {
  if (!(await selectLogins(sql, [role])).has(role)) return true;
  try {
    await sql`alter role ${sql(role)} nologin`;
    await sql.begin(async (transaction) => {
      await changeRolesInOrder(transaction);
      // Only who has a role's rights may end its sessions, and give up what it was given.
      await transaction`grant ${transaction(role)} to current_user`;
      await endSessions(transaction, role);
      await transaction`drop owned by ${transaction(role)}`;
      await transaction`drop role ${transaction(role)}`;
    });
    return true;
  } catch (error) {
    if (!isRefused(error)) throw error;
    return false;
  }
}

/** Waits until they are gone, for as long as a statement may take: what they hold goes with them. */
async function endSessions(transaction: TransactionSql, role: string): Promise<void> {
  const longestMs = 5000;
  await transaction`
    select pg_terminate_backend(pid, ${longestMs}::bigint) from pg_stat_activity where usename = ${role}::name`;
}
