import { createReadStream } from "node:fs";
import { chmod } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { openPool, type Sql } from "../../db/client.ts";
import { migrateDatabase } from "../../db/migrate.ts";
import { loadProject } from "../../jobs/transform/project/load.ts";
import { quoteIdentifier, quoteRelation } from "../../jobs/transform/project/types.ts";
import type { ProcessorSeconds } from "./check.ts";
import type { BenchMarket } from "./market.ts";
import { processorSeconds } from "./processor.ts";
import { type PublishedTotals, readPublishedTotals } from "./stages.ts";

/** The least that the same work takes on this server, in seconds. `copy` is the faster of one connection and two. */
export type Floor = {
  copyOne: number;
  copyTwo: number;
  copy: number;
  models: number;
  total: number;
  /** Seconds of processors that the server and we used for it, of the cheaper COPY; null where the system does not tell. */
  processor: ProcessorSeconds["floor"] | null;
};

type Split = { ticker: string; execution_date: string; split_from: number; split_to: number };

/**
 * Measures the floor in a fresh database: COPY of the prepared rows into the empty raw table, and the models' own SQL as
 * views and tables with their indexes, without a test. The rows are sent as the file has them: no client computes anything.
 */
export async function measureFloor(
  serverUrl: string,
  market: BenchMarket,
  postmaster: number,
): Promise<{ floor: Floor; published: PublishedTotals }> {
  const admin = openPool(serverUrl, "work", { max: 1 });
  const database = "bench_floor";
  await admin`drop database if exists ${admin(database)} with (force)`;
  await admin`create database ${admin(database)}`;
  const url = new URL(`/${database}`, serverUrl).href;
  await migrateDatabase(url);
  for (const path of market.copyFiles) await chmod(path, 0o644);
  await admin`checkpoint`;
  const sql = openPool(url, "work", { max: 2 });
  try {
    const copyOne = await timed(postmaster, async () => {
      for (const path of market.copyFiles) await copy(sql, path);
    });
    await sql`truncate public.source_polygon_stock_bars_daily`;
    // What one measurement leaves to be written must not slow the next.
    await sql`checkpoint`;
    const copyTwo = await timed(postmaster, () => Promise.all(market.copyFiles.map((path) => copy(sql, path))));
    await insertSplits(sql, market);
    await sql`checkpoint`;
    const models = await timed(postmaster, () => buildModels(sql));
    const published = await readPublishedTotals(sql, market.sessions.at(-1) ?? "");
    return { floor: floorOf(copyOne, copyTwo, models), published };
  } finally {
    await sql.end();
    await admin`drop database ${admin(database)} with (force)`;
    await admin.end();
  }
}

type Timed = { seconds: number; processor: number | null };

async function timed(postmaster: number, work: () => Promise<unknown>): Promise<Timed> {
  const before = await processorSeconds([postmaster]);
  const own = process.cpuUsage();
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(own);
  const after = await processorSeconds([postmaster]);
  return { seconds, processor: before === null || after === null ? null : after - before + (user + system) / 1e6 };
}

function floorOf(copyOne: Timed, copyTwo: Timed, models: Timed): Floor {
  const copy = Math.min(copyOne.seconds, copyTwo.seconds);
  const [one, two, transform] = [copyOne.processor, copyTwo.processor, models.processor];
  return {
    copyOne: copyOne.seconds,
    copyTwo: copyTwo.seconds,
    copy,
    models: models.seconds,
    total: copy + models.seconds,
    processor: one === null || two === null || transform === null ? null : { load: Math.min(one, two), transform },
  };
}

async function copy(sql: Sql, path: string): Promise<void> {
  const copy = await sql`copy public.source_polygon_stock_bars_daily from stdin`.writable();
  await pipeline(createReadStream(path), copy);
}

async function insertSplits(sql: Sql, market: BenchMarket): Promise<void> {
  const { splits } = (await Bun.file(`${market.folder}/lists.json`).json()) as { splits: Split[] };
  await sql`
    insert into public.source_polygon_splits (ticker, execution_date, split_from, split_to, active, inserted_at)
    select ticker, execution_date, split_from, split_to, true, now()
    from jsonb_to_recordset(${sql.json(splits)}::jsonb)
      as split (ticker text, execution_date date, split_from numeric, split_to numeric)`;
}

/** By hand: what a person would type who has the models' SQL and no tool, with the settings that serve it best. */
async function buildModels(sql: Sql): Promise<void> {
  const projectDir = fileURLToPath(new URL("../../db/warehouse", import.meta.url));
  const { project, compiler } = loadProject({ projectDir, variables: {}, environment: {} });
  await sql`analyze public.source_polygon_stock_bars_daily, public.source_polygon_splits`;
  await sql.begin(async (transaction) => {
    await transaction`set local work_mem = '256MB'`;
    await transaction`set local maintenance_work_mem = '256MB'`;
    // As the transform sets it for a whole build: the floor is the same work without us, not a slower plan of it.
    await transaction`set local random_page_cost = 4`;
    await transaction`set local parallel_setup_cost = 100`;
    await transaction`set local parallel_tuple_cost = 0.01`;
    for (const { path, text } of project.onRunStart) await transaction.unsafe(compiler.render(path, text, {}));
    for (const model of project.models) {
      // Neither seeds, which are given, nor snapshots, which have nothing to keep in a first build, are work that must be done.
      if (model.resourceType !== "model" || model.config.materialized === "ephemeral") continue;
      const self = model.relation;
      const kind = model.config.materialized === "view" ? "view" : "table";
      const query = compiler.renderModel(model, {});
      await transaction.unsafe(`create ${kind} ${quoteRelation(self)} as ${query}`);
      for (const { columns, unique, type } of model.config.indexes) {
        const using = type === undefined ? "" : `using ${quoteIdentifier(type)}`;
        const keys = columns.map(quoteIdentifier).join(", ");
        await transaction.unsafe(
          `create ${unique ? "unique index" : "index"} on ${quoteRelation(self)} ${using} (${keys})`,
        );
      }
      // The models after it look rows up in it, and without its numbers would do so the slow way.
      if (kind === "table") await transaction.unsafe(`analyze ${quoteRelation(self)}`);
    }
  });
}
