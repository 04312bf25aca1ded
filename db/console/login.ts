import { randomBytes } from "node:crypto";
import type { Sql } from "../client.ts";
import { changeRolesInOrder, ensurePublishedRole, grantPublished, publishedRole } from "../published-role.ts";
import { quoteIdentifier } from "../quote.ts";
import { isRefused, limitFiles, setVerifier } from "./roles.ts";
import { scramVerifier } from "./scram.ts";

/** A login of the database that reads what is published. */
export type PublishedLogin = { role: string; password: string };

/** What stands between the console and its login: why, and what somebody with the right to make roles is to run. */
export type MissingLogin = { reason: string; statements: string[] };

const longestRole = 63;
/** Connections of all processes together: each runs a few statements at a time, and cancels by another connection. */
const mostConnections = 20;

/** Roles are of the whole server, and each of its databases may be another Barline's: the name says of which. */
const consoleRoleOf = (database: string): string => `barline_console_${database}`.slice(0, longestRole);

/**
 * The login that the console runs statements by, made or set right where that may be done. A login of its own, as a statement
 * may give up a role that its session has taken on, and cannot give up who it signed in as.
 */
export async function ensureConsoleLogin(sql: Sql): Promise<PublishedLogin | MissingLogin> {
  const [{ database, owner } = { database: "", owner: "" }] = await sql<{ database: string; owner: string }[]>`
    select current_database() as database, current_user as owner`;
  const role = consoleRoleOf(database);
  const password = await keepPassword(sql, role);
  const verifier = scramVerifier(password);
  try {
    await sql.begin(async (transaction) => {
      await changeRolesInOrder(transaction);
      // Two processes that start at once would alter the same rows of the catalog.
      await transaction`lock table barline.database_logins in exclusive mode`;
      await ensurePublishedRole(transaction);
      const [present] = await transaction`select 1 from pg_roles where rolname = ${role}`;
      if (!present)
        await transaction`create role ${transaction(role)} login connection limit ${transaction.unsafe(String(mostConnections))}`;
      await setVerifier(transaction, role, verifier);
      await transaction`grant ${transaction(publishedRole)} to ${transaction(role)}`;
    });
    await limitFiles(sql, role);
    return { role, password };
  } catch (error) {
    if (!isRefused(error)) throw error;
    const standing = await findStanding(sql, role);
    if (!standing.isMember)
      return { reason: error.message, statements: statementsFor({ ...standing, role, verifier, owner }) };
    // Somebody else made both by the statements that we told them; what they may read is ours to say.
    await sql.unsafe(grantPublished);
    return { role, password };
  }
}

/** The password of the login, made where none is kept; of processes that make it at once, one's is everybody's. */
async function keepPassword(sql: Sql, role: string): Promise<string> {
  const fresh = randomBytes(24).toString("base64url");
  await sql`
    insert into barline.database_logins (role, password) values (${role}::text, ${fresh}::text)
    on conflict (role) do nothing`;
  const [kept] = await sql<{ password: string }[]>`
    select password from barline.database_logins where role = ${role}::text`;
  return kept?.password ?? fresh;
}

type Standing = { hasGroup: boolean; hasLogin: boolean; isMember: boolean };

/** What of the two roles is there. */
async function findStanding(sql: Sql, role: string): Promise<Standing> {
  const [row] = await sql<Standing[]>`
    with roles as (
      select bool_or(rolname = ${publishedRole}) as "hasGroup", bool_or(rolname = ${role}::text) as "hasLogin" from pg_roles
    )
    select "hasGroup", "hasLogin",
      case when "hasGroup" and "hasLogin" then pg_has_role(${role}::name, ${publishedRole}::name, 'usage') else false end as "isMember"
    from roles`;
  return row ?? { hasGroup: false, hasLogin: false, isMember: false };
}

/** What to do once the login is refused the password that we keep, as after a restore. */
export const passwordStatement = ({ role, password }: PublishedLogin): string =>
  `alter role ${quoteIdentifier(role)} password '${scramVerifier(password)}';`;

type Wanted = Standing & { role: string; verifier: string; owner: string };

/** The roles, for somebody who may make them. The verifier is not the password, and lets nobody in. */
const statementsFor = ({ hasGroup, hasLogin, role, verifier, owner }: Wanted): string[] => [
  ...(hasGroup ? [] : [`create role ${publishedRole} nologin;`]),
  hasLogin
    ? `grant ${publishedRole} to ${quoteIdentifier(role)};`
    : `create role ${quoteIdentifier(role)} login password '${verifier}' in role ${publishedRole};`,
  `grant ${publishedRole} to ${quoteIdentifier(owner)} with admin option;`,
];
