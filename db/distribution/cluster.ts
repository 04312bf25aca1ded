import postgres from "postgres";
import type { Sql } from "../client.ts";
import { StartError } from "../errors.ts";
import { quoteRelation } from "../quote.ts";
import { rawBars } from "./types.ts";

/** The version of Citus that all of this was tried on; what an older one lacks nobody knows. */
const leastVersion = { text: "13.2", major: 13, minor: 2 };

/** Where a worker's processors cannot be asked for, one is taken to have so many. */
const usualCores = 2;

/** A coordinator that may distribute the warehouse over its workers. */
export type Cluster = { workers: number; version: string };

/** How the warehouse lies. */
export type Layout = { isDistributed: boolean; hasBars: boolean };

/** Whether the raw bars lie on shards; whatever there is of them. */
export async function areBarsDistributed(sql: Sql): Promise<boolean> {
  const [citus] = await sql`select 1 where to_regclass('pg_catalog.pg_dist_partition') is not null`;
  if (!citus) return false;
  const [distributed] = await sql`
    select 1 from pg_dist_partition where partmethod = 'h' and logicalrelid::oid = to_regclass(${quoteRelation(rawBars)})::oid`;
  return distributed !== undefined;
}

/** How the warehouse lies, which has been migrated. */
export async function readLayout(sql: Sql): Promise<Layout> {
  const [bar] = await sql`select ticker from public.source_polygon_stock_bars_daily limit 1`;
  return { isDistributed: await areBarsDistributed(sql), hasBars: bar !== undefined };
}

/** The cluster behind a database. Throws a {@link StartError} that says what it lacks and how to give it that. */
export async function requireCluster(sql: Sql): Promise<Cluster> {
  const [extension] = await sql<
    { version: string }[]
  >`select extversion as version from pg_extension where extname = 'citus'`;
  if (!extension) {
    throw new StartError(
      `The database of DATABASE_URL has no extension citus, by which it would be distributed. Install Citus ${leastVersion.text} on each server, put citus into its shared_preload_libraries, and run \`create extension citus\` in the database on each.`,
    );
  }
  const { version } = extension;
  const [major = 0, minor = 0] = version.split(/[.-]/).map(Number);
  if (major < leastVersion.major || (major === leastVersion.major && minor < leastVersion.minor)) {
    throw new StartError(
      `The database has Citus ${version}; a distributed warehouse was tried on ${leastVersion.text}, and nothing older is taken. Update it, and run \`alter extension citus update\` on each server.`,
    );
  }
  await requireRights(sql);
  return { version, workers: await requireWorkers(sql) };
}

/** What stands there by which a distribution could not be made. */
async function requireRights(sql: Sql): Promise<void> {
  const [right] = await sql<{ login: string; database: string; creates: boolean }[]>`
    select current_user as login, current_database() as database,
      has_database_privilege(current_database(), 'create') as creates`;
  if (right && !right.creates) {
    throw new StartError(
      `${right.login} may not make schemas in the database, as a distributed warehouse needs: run \`grant create on database ${right.database} to ${right.login}\` on the coordinator, which passes it on.`,
    );
  }
}

async function requireWorkers(sql: Sql): Promise<number> {
  const [node] = await sql<{ coordinates: boolean; knows: boolean; workers: number }[]>`
    select citus_is_coordinator() as coordinates, count(*) filter (where groupid = 0) > 0 as knows,
      (count(*) filter (where groupid <> 0 and noderole = 'primary' and isactive and shouldhaveshards))::int as workers
    from pg_dist_node`;
  if (!node?.coordinates) {
    throw new StartError(
      "DATABASE_URL names one of Citus' workers. Name the coordinator, which alone knows of all tables.",
    );
  }
  if (node.workers === 0) {
    throw new StartError(
      "Citus has no worker that takes shards. Add each one on the coordinator: `select citus_add_node('host', 5432)`.",
    );
  }
  if (!node.knows) {
    throw new StartError(
      "Citus' workers do not know where the coordinator is, whose small tables they read. Say it there once: `select citus_set_coordinator_host('host', 5432)`.",
    );
  }
  await requireRightsOnWorkers(sql);
  return node.workers;
}

/** Citus does on each worker, as the same role, what is done on the coordinator. */
async function requireRightsOnWorkers(sql: Sql): Promise<void> {
  const ask = "select has_database_privilege(current_database(), 'create')";
  const answers = await sql<{ worker: string; success: boolean; result: string; database: string; login: string }[]>`
    select nodename || ':' || nodeport as worker, success, result, current_database() as database, current_user as login
    from run_command_on_workers(${ask}::text)`;
  for (const { worker, success, result, database, login } of answers) {
    if (!success) {
      throw new StartError(
        `Citus' worker ${worker} does not take the login ${login}: ${result}. The role has to be on each worker, with LOGIN, and let in from the coordinator (pg_hba.conf, pg_dist_authinfo).`,
      );
    }
    if (result !== "t") {
      throw new StartError(
        `On Citus' worker ${worker} ${login} may not make schemas in the database: run \`grant create on database ${database} to ${login}\` on the coordinator, which passes it on.`,
      );
    }
  }
}

/**
 * How many processors the workers have together; of workers that do not tell as many as is usual. Only a login that may read a server's
 * files is told.
 */
export async function countCores(sql: Sql, { workers }: Cluster): Promise<{ cores: number; areTold: boolean }> {
  const ask = `select count(*) from regexp_matches(pg_read_file('/proc/cpuinfo', 0, 10000000), '^processor', 'gn')`;
  const answers = await sql<{ success: boolean; result: string }[]>`
    select success, result from run_command_on_workers(${ask}::text)`;
  const cores = answers.reduce((sum, { success, result }) => sum + (success ? Number(result) : 0), 0);
  const areTold = cores > 0 && answers.every(({ success }) => success);
  return areTold ? { cores, areTold } : { cores: workers * usualCores, areTold };
}

/** Tells of what the database refuses while a warehouse is distributed as something that somebody can do something about. */
export function explainRefusal(error: unknown): unknown {
  const isRefusal = error instanceof postgres.PostgresError && /^(0A|42|55006|28)/.test(error.code);
  if (!isRefusal) return error;
  const more = [error.detail, error.hint].filter(Boolean).join(" ");
  return new StartError(`Citus does not distribute the warehouse: ${error.message}${more ? ` (${more})` : ""}.`);
}
