import { expect } from "bun:test";
import type { Sql } from "../../../db/client.ts";
import { distributeRawTables } from "../../../db/distribution/distribute.ts";
import { openPartitions, partitionRawTables } from "../../../db/distribution/partitions.ts";
import type { Distribution } from "../../../db/distribution/types.ts";
import { newYorkDate } from "../../../jobs/market/calendar.ts";
import { buildProject } from "../../../jobs/transform/build/build.ts";
import type { LoadedProject } from "../../../jobs/transform/project/assemble.ts";
import { loadProject } from "../../../jobs/transform/project/load.ts";
import { createPlayer, type History } from "../../jobs/transform/arrivals.ts";
import { warehouseDir } from "../../jobs/transform/support.ts";
import { createCitusDatabase } from "../../support/citus.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

/** Plays histories on one server and on a distributed warehouse, and expects of every build the same of both. */
export type DistributedStage = { play(history: History): Promise<void>; builds(): number; close(): Promise<void> };

type Side = { sql: Sql; loaded: LoadedProject; distribution: Distribution | undefined; clock: { now: Date } };

const silent = { info: () => {}, warn: () => {} };
const shards = 4;
/** The tests of the project want other data, the seeds are read by them alone, and a snapshot keeps what no build makes anew. */
const exclude = ["resource_type:test", "resource_type:seed", "resource_type:snapshot"];
/** Columns in which one build leaves a note for the next: a moment, or what one shard has seen. */
const notes = ["breadth_changed_at", "bars_seen_at", "source_inserted_at"];

/** `coordinator`: the URL of one of Citus; partitions on the test server stand for shards where it is left out. */
export async function openDistributedStage(today: Date, coordinator?: string): Promise<DistributedStage> {
  const plain = await createTestDatabase();
  const spread = await (coordinator === undefined ? openPartitioned() : openOnCitus(coordinator));
  const load = (distributed: boolean) =>
    loadProject({ projectDir: warehouseDir, variables: distributed ? { distributed } : {}, environment: {} });
  const one: Side = { sql: plain.sql, loaded: load(false), distribution: undefined, clock: { now: today } };
  const other: Side = {
    ...{ sql: spread.sql, loaded: load(true), clock: { now: today } },
    distribution: spread.distribution,
  };
  const published = one.loaded.project.models
    .filter(({ config, resourceType }) => config.materialized !== "ephemeral" && resourceType === "model")
    .map(({ name }) => name);
  let builds = 0;

  const buildBoth = async (fullRefresh: boolean) => {
    builds += 1;
    for (const side of [one, other]) await build(side, fullRefresh);
    for (const name of published) expect(await rowsOf(other.sql, name)).toEqual(await rowsOf(one.sql, name));
  };
  return {
    async play(history) {
      for (const side of [one, other]) await reset(side, today, history.fresh);
      const players = [one, other].map(({ sql, clock }) => createPlayer(sql, clock, history));
      for (const round of history.rounds) {
        for (const arrival of round) for (const arrive of players) await arrive(arrival);
        await buildBoth(false);
      }
      await buildBoth(true);
    },
    builds: () => builds,
    async close() {
      await plain.drop();
      await spread.drop();
    },
  };
}

type Spread = TestDatabase & { distribution: Distribution };

async function openPartitioned(): Promise<Spread> {
  const database = await createTestDatabase();
  await partitionRawTables(database.sql, shards);
  return { ...database, distribution: await openPartitions(database.sql) };
}

async function openOnCitus(coordinator: string): Promise<Spread> {
  const database = await createCitusDatabase(coordinator);
  return { ...database, distribution: await distributeRawTables(database.sql, shards) };
}

async function build({ sql, loaded, distribution, clock }: Side, fullRefresh: boolean): Promise<void> {
  const context = {
    ...{ sql, loaded, distribution, today: newYorkDate(clock.now), log: silent },
    ...{ now: () => clock.now, elapsed: () => 0 },
  };
  const { models } = await buildProject(context, { fullRefresh, exclude });
  expect(models.flatMap(({ name, error }) => (error === undefined ? [] : `${name}: ${error}`))).toEqual([]);
}

/** A bare database again; with the models' tables still there but empty, unless the case begins without them. */
async function reset({ sql, loaded, clock }: Side, today: Date, fresh: boolean): Promise<void> {
  clock.now = today;
  const tables = await sql<{ name: string }[]>`
    select quote_ident(nspname) || '.' || quote_ident(relname) as name
    from pg_class inner join pg_namespace as namespace on namespace.oid = relnamespace
    where nspname in ('public', 'barline_shared') and relkind in ('r', 'p') and not relispartition`;
  for (const { name } of tables) await sql.unsafe(`truncate ${name}`);
  const models = loaded.project.models.filter(({ config }) => config.materialized !== "view");
  if (fresh) for (const { name } of models) await sql`drop table if exists ${sql(name)} cascade`;
}

/** All rows of a model, but what is a note between builds; whole rows lose their names on the way from a shard, so by columns. */
async function rowsOf(sql: Sql, model: string): Promise<string[]> {
  const rows = await sql<Record<string, unknown>[]>`select * from ${sql(model)}`;
  return rows
    .map((row) => {
      const told = Object.entries(row).filter(([column]) => !notes.includes(column));
      return `${model} ${JSON.stringify(Object.fromEntries(told))}`;
    })
    .sort();
}
