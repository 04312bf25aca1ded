import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { openPool, type Sql } from "../../db/client.ts";
import { createPipeline } from "../../jobs/index.ts";
import { type LakeOptions, openLake } from "../../jobs/lake/open.ts";
import type { ObjectStore } from "../../jobs/lake/store.ts";
import type { PipelineObserver } from "../../jobs/observe.ts";
import type { BackfillRequest, Pipeline } from "../../jobs/pipeline.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import type { PipelineSettings } from "../../jobs/settings.ts";
import type { WorkspaceOptions } from "../../jobs/workspace/open.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { until } from "./until.ts";

export type LogLine = { level: string; msg: string; [field: string]: unknown };

export type TestPipelineOptions = {
  market: { url: string; apiKey: string };
  /** Where to run; a new database where left out. One that is given is not dropped. */
  database?: Pick<TestDatabase, "url" | "sql"> & Partial<Pick<TestDatabase, "distributed">>;
  /** A folder of its own where left out. */
  lake?: LakeOptions;
  /** Stands between the process, not its workers, and the lake. */
  wrapLake?: (lake: ObjectStore) => ObjectStore;
  settings?: Partial<PipelineSettings>;
  observer?: PipelineObserver;
  /** People's own models; of nobody where left out. */
  workspace?: Omit<WorkspaceOptions, "pool" | "modelLimitMs">;
  now?: () => Date;
};

/** The real pipeline, on a real database and lake, over a market that tests hold. */
export type TestPipeline = Pipeline & {
  sql: Sql;
  database: Pick<TestDatabase, "url" | "sql">;
  lake: ObjectStore;
  lakeOptions: LakeOptions;
  log: LogLine[];
  /** Waits until nothing is queued or running and no event waits. */
  settle(timeoutMs?: number): Promise<void>;
  /** Queues a backfill of grouped calls, unless asked otherwise. */
  backfill(from: string, to: string, more?: Partial<BackfillRequest>): ReturnType<Pipeline["createBackfill"]>;
  /** Stops it, as the end of its process would; what it wrote stays. */
  stop(): Promise<void>;
  /** Stops it and removes what it made for itself. */
  close(): Promise<void>;
};

/** Makes a pipeline and starts it. Its schedule queues nothing unless `settings.catchup` says so. */
export async function startTestPipeline(options: TestPipelineOptions): Promise<TestPipeline> {
  const own = options.database ? undefined : await createTestDatabase();
  const database = options.database ?? own;
  if (!database) throw new Error("There is no database.");
  const folder = options.lake ? undefined : await mkdtemp(join(tmpdir(), "barline-lake-"));
  const lakeOptions = options.lake ?? { kind: "folder", root: folder ?? "", bucket: "test" };
  const real = openLake(lakeOptions);
  const lake = options.wrapLake?.(real) ?? real;
  await lake.ensureReady();
  const pools = {
    state: openPool(database.url, "state", { distributed: database.distributed ?? false }),
    work: openPool(database.url, "work", { distributed: database.distributed ?? false }),
    lock: openPool(database.url, "lock"),
  };
  const pool = openPool(database.url, "work", { max: 3, name: "barline workspace" });
  const log: LogLine[] = [];
  const formatters = { level: (level: string) => ({ level }) };
  const pipeline = createPipeline({
    settings: {
      lake: lakeOptions,
      market: { baseUrl: options.market.url, apiKey: options.market.apiKey },
      databaseUrl: database.url,
      source: "demo",
      callsPerMinute: null,
      universe: { kind: "all" },
      startDate: "2018-01-02",
      catchup: "none",
      recheckSessions: 0,
      ...options.settings,
    },
    pools,
    lake,
    workers: 1,
    version: "0.0.0",
    log: pino({ base: null, formatters, level: "debug" }, { write: (line: string) => log.push(JSON.parse(line)) }),
    ...(options.observer && { observer: options.observer }),
    ...(options.workspace && { workspace: { modelLimitMs: 60_000, pool, ...options.workspace } }),
    now: options.now ?? (() => new Date()),
    random: Math.random,
  });
  await pipeline.orchestrator.start();
  const stop = async () => {
    await pipeline.orchestrator.stop(3000);
    await Promise.all([...Object.values(pools), pool].map((one) => one.end({ timeout: 1 })));
    await lake.close();
  };
  return {
    ...pipeline,
    sql: database.sql,
    database,
    lake,
    lakeOptions,
    log,
    settle: (timeoutMs) => settle(database.sql, timeoutMs),
    backfill: (from, to, more) =>
      pipeline.createBackfill({ jobId: jobIds.ingest, from, to, reprocess: "missing", strategy: "grouped", ...more }),
    stop,
    async close() {
      await stop();
      await own?.drop();
      if (folder) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until nothing is queued or running, and no event waits for anybody. */
export async function settle(sql: Sql, timeoutMs = 45_000): Promise<void> {
  await until("the pipeline is idle", () => isIdle(sql), timeoutMs);
}

async function isIdle(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ idle: boolean }[]>`
    select not exists (select 1 from barline.runs where state in ('queued', 'running'))
      and not exists (select from barline.pending_events) as idle`;
  return row?.idle ?? false;
}

export type RunSeen = {
  id: number;
  jobId: string;
  state: string;
  trigger: string;
  partition: string | null;
  error: { name: string; message: string; advice?: string } | null;
  summary: Record<string, unknown> | null;
};

/** Runs, oldest first; of one job where it is named. */
export async function runsOf(sql: Sql, jobId?: string): Promise<RunSeen[]> {
  return await sql<RunSeen[]>`
    select id, job_id as "jobId", state, trigger, partition, error, summary from barline.runs
    where ${jobId ?? null}::text is null or job_id = ${jobId ?? null}::text order by id`;
}
