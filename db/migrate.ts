import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import postgres from "postgres";
import { auditSchema, connectionOptions, readerRole } from "./client.ts";
import { StartError } from "./errors.ts";
import { watchLocks } from "./lock-watch.ts";
import { lockKeys } from "./locks.ts";
import journal from "./migrations/meta/_journal.json";

const minimumVersion = 150_000;
const migrationsFolder = join(import.meta.dir, "migrations");

/**
 * Brings the database to this version's tables. Safe when several processes start at once: one migrates, the others wait.
 * `onWait` is told who holds a lock that this has to wait for. `count` stops after so many migrations, at the tables of an older
 * version. `distributed`: the reader has to reach the servers that tables are spread over. Throws where the server is older than 15 or the database was migrated by a newer Barline.
 */
export async function migrateDatabase(
  url: string,
  {
    onWait,
    count = journal.entries.length,
    distributed = false,
  }: { onWait?: (holder: string) => void; count?: number; distributed?: boolean } = {},
): Promise<{ asReader: boolean }> {
  // A pool of its own: drizzle rewrites the date parsers of the client that it is given.
  const sql = postgres({ ...connectionOptions(url, "barline migrate"), max: 1 });
  let endWatch = async () => {};
  try {
    await requireVersion(sql);
    const [session] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
    if (onWait && session) endWatch = watchLocks(url, session.pid, onWait);
    await sql`select pg_advisory_lock(${lockKeys.migration}::bigint)`;
    await applyMigrations(sql, count);
    await requireMigrations(sql, count);
    // What the reader may not see may not be there yet.
    return { asReader: count === journal.entries.length && (await ensureReader(sql, distributed)) };
  } finally {
    await endWatch();
    await sql.end();
  }
}

/** What is wrong with migrations that are neither this version's nor an older one's; undefined where they are. */
export function findMigrationFault({ count, newest }: { count: number; newest: number }): string | undefined {
  if (count > journal.entries.length)
    return `it has ${count} migrations, this version knows ${journal.entries.length}. Use that version, or a newer one`;
  if (journal.entries[count - 1]?.when !== newest) return "its migrations are others than this version's";
  return undefined;
}

async function applyMigrations(sql: postgres.Sql, count: number): Promise<void> {
  if (count === journal.entries.length) return await migrate(drizzle(sql), { migrationsFolder });
  // drizzle applies a whole folder.
  const folder = await mkdtemp(join(tmpdir(), "barline-migrations-"));
  try {
    await cp(migrationsFolder, folder, { recursive: true });
    const older = { ...journal, entries: journal.entries.slice(0, count) };
    await writeFile(join(folder, "meta/_journal.json"), JSON.stringify(older));
    await migrate(drizzle(sql), { migrationsFolder: folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function requireVersion(sql: postgres.Sql): Promise<void> {
  const [row] = await sql<{ version: string }[]>`select current_setting('server_version_num') as version`;
  if (Number(row?.version) < minimumVersion) {
    throw new StartError(`DATABASE_URL points at PostgreSQL ${row?.version}; Barline needs 15 or newer.`);
  }
}

/** The migrator takes the newest entry's time as its mark, so it skips one that is out of order: count them. */
async function requireMigrations(sql: postgres.Sql, count: number): Promise<void> {
  const [row] = await sql<{ applied: number }[]>`select count(*)::int as applied from drizzle.__drizzle_migrations`;
  const applied = row?.applied ?? 0;
  if (applied === count) return;
  throw new StartError(
    applied > journal.entries.length
      ? `This database was migrated by a newer Barline (${applied} migrations, this version knows ${journal.entries.length}). Start that version, or a newer one.`
      : `Only ${applied} of ${count} migrations were applied: an entry of the journal is out of order.`,
  );
}

/**
 * Makes the role that the dashboard's pool runs as. False where the login may not make roles (a managed server):
 * the pool is then read-only by its session setting alone. Where tables are `distributed`, the coordinator signs in to the other servers as whoever asks, so
 * that there the role may sign in. It has no password: servers that ask for one let nobody in by it, and are told one for it in pg_dist_authinfo.
 */
async function ensureReader(sql: postgres.Sql, distributed: boolean): Promise<boolean> {
  try {
    const [present] = await sql<{ mayLogIn: boolean }[]>`
      select rolcanlogin as "mayLogIn" from pg_roles where rolname = ${readerRole}`;
    if (!present) await sql`create role ${sql(readerRole)} ${distributed ? sql`login` : sql`nologin`}`;
    else if (distributed && !present.mayLogIn) await sql`alter role ${sql(readerRole)} login`;
    await sql`grant ${sql(readerRole)} to current_user`;
    // That of failing rows is there from the first that was found on; what was restored without rights has none.
    const schemas = await sql<{ name: string }[]>`
      select nspname as name from pg_namespace where nspname = any (${["public", "barline", auditSchema]}::text[])`;
    for (const { name: schema } of schemas) {
      await sql`grant usage on schema ${sql(schema)} to ${sql(readerRole)}`;
      await sql`grant select on all tables in schema ${sql(schema)} to ${sql(readerRole)}`;
      await sql`alter default privileges in schema ${sql(schema)} grant select on tables to ${sql(readerRole)}`;
    }
    if (distributed) await grantViews(sql);
    // Whoever may write SQL against the warehouse has no business with these.
    await sql`
      revoke select on barline.credentials, barline.sign_ins, barline.sign_in_attempts, barline.api_tokens, barline.database_logins
      from ${sql(readerRole)}`;
    return true;
  } catch (error) {
    const insufficientPrivilege = "42501";
    if (error instanceof postgres.PostgresError && error.code === insufficientPrivilege) return false;
    throw error;
  }
}

/** Of a whole schema, Citus passes on what is granted on tables alone; a view is locked on every server by whoever reads at one moment. */
async function grantViews(sql: postgres.Sql): Promise<void> {
  const views = await sql<{ name: string }[]>`
    select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'v' and pg_has_role(relowner, 'usage')`;
  for (const { name } of views) await sql`grant select on public.${sql(name)} to ${sql(readerRole)}`;
}
