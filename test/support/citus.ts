import { openPool, type Sql } from "../../db/client.ts";
import { migrateDatabase } from "../../db/migrate.ts";
import type { TestDatabase } from "./database.ts";

/** Names the coordinator that tests may make databases on; what needs one is skipped without. */
export const citusUrl = process.env.CITUS_URL;

let serial = 0;

/** A migrated database of one's own on the coordinator that CITUS_URL names, and on its workers. */
export async function createCitusDatabase(coordinator: string): Promise<TestDatabase> {
  const admin = openPool(coordinator, "work", { max: 1 });
  const nodes = await admin<{ host: string; port: number; isCoordinator: boolean }[]>`
    select nodename as host, nodeport as port, groupid = 0 as "isCoordinator" from pg_dist_node order by groupid`;
  await admin.end();
  const name = `barline_test_${process.pid}_${++serial}`;
  const urlOf = ({ host, port }: { host: string; port: number }, database: string) => {
    const url = new URL(coordinator);
    url.hostname = host;
    url.port = String(port);
    url.pathname = `/${database}`;
    return url.href;
  };
  const onEach = async (database: string, work: (sql: Sql) => Promise<unknown>) => {
    for (const node of nodes) {
      const sql = openPool(urlOf(node, database), "work", { max: 1 });
      await work(sql);
      await sql.end();
    }
  };
  await onEach("postgres", (sql) => sql`create database ${sql(name)}`);
  await onEach(name, (sql) => sql`create extension citus`);
  const [first] = nodes;
  if (!first?.isCoordinator) throw new Error("CITUS_URL names no coordinator that is among its own nodes.");
  const url = urlOf(first, name);
  const sql = openPool(url, "work", { max: 10, distributed: true });
  await sql`select citus_set_coordinator_host(${first.host}::text, ${first.port}::int)`;
  for (const { host, port } of nodes.slice(1)) await sql`select citus_add_node(${host}::text, ${port}::int)`;
  await migrateDatabase(url);
  return {
    url,
    sql,
    distributed: true,
    async drop() {
      await sql.end();
      await onEach("postgres", (one) => one`drop database if exists ${one(name)} with (force)`);
    },
  };
}

/** A connection to each worker of a database that was made so, beside the coordinator. */
export async function openWorkers({ sql, url }: TestDatabase): Promise<Sql[]> {
  const nodes = await sql<{ host: string; port: number }[]>`
    select nodename as host, nodeport as port from pg_dist_node where groupid > 0 order by groupid`;
  return nodes.map(({ host, port }) => {
    const worker = new URL(url);
    worker.hostname = host;
    worker.port = String(port);
    return openPool(worker.href, "work", { max: 1 });
  });
}
