import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import type { Sql } from "../db/client.ts";
import type { Distribution } from "../db/distribution/types.ts";
import { countActiveRuns } from "../db/queries/pipeline/runs.ts";
import { type PreparedBackfill, prepareBackfill } from "./backfill-plan.ts";
import { createExportDesk } from "./export/desk.ts";
import { createExportModes, type ExportModes } from "./export/mode.ts";
import { createExportJob } from "./export-job.ts";
import { createIngestJob } from "./ingest-job.ts";
import type { ObjectStore } from "./lake/store.ts";
import { createLakeViewer } from "./lake/viewer.ts";
import { createLoadJob } from "./load-job.ts";
import { isIsoDate, isSession, lastSettledSession, settlesAt } from "./market/calendar.ts";
import { createMarketClient } from "./market/client.ts";
import { createReferenceData } from "./market/reference-data.ts";
import { createKeyGuard, retryRefusedRuns } from "./market/refused-key.ts";
import { createMarketLimiter } from "./market/shared-limiter.ts";
import { observeLimiter, type PipelineObserver, silentPipelineObserver, toOrchestratorObserver } from "./observe.ts";
import { PermanentError } from "./orchestrator/errors.ts";
import { createOrchestrator } from "./orchestrator/orchestrator.ts";
import { createWorkerPool } from "./orchestrator/pool.ts";
import { type Duties, type JobDefinition, type Orchestrator, RequestError } from "./orchestrator/types.ts";
import { type BackfillRequest, jobIds, type Pipeline } from "./pipeline.ts";
import { createQuarantineDesk } from "./quarantine/desk.ts";
import { roles as allRoles, type Role } from "./roles.ts";
import { marketCalls, type PipelineSettings, type WorkerSettings } from "./settings.ts";
import { decideOnSplit } from "./split-decision.ts";
import { createModelList } from "./transform/model-list.ts";
import { createProjectReader } from "./transform/project-reader.ts";
import { createTransform, type Transform } from "./transform/transform.ts";
import { createTransformJob, martsDataset } from "./transform-job.ts";
import { openWorkspace, type WorkspaceOptions } from "./workspace/open.ts";

export type PipelineOptions = {
  settings: PipelineSettings;
  /** Pools by role; `lock` holds one connection that shows that this process lives. */
  pools: { state: Sql; work: Sql; lock: Sql };
  lake: ObjectStore;
  /** Where the large tables lie on shards; one server has them all where left out. */
  distribution?: Distribution | undefined;
  workers: number;
  /** What this process does; everything where left out. */
  roles?: readonly Role[];
  /** Of Barline, for the list of processes. */
  version: string;
  log: Logger;
  /** Where dbt's artifacts go, and what `env_var` may read; neither where left out. */
  dbt?: { artifactsDir: string; environment: Record<string, string> };
  /** The people's own models; nobody has any where it is left out. */
  workspace?: WorkspaceOptions;
  /** Is told what this process does. */
  observer?: PipelineObserver;
  now(): Date;
  random(): number;
};

/** Batches at a time in one worker: a fetch mostly waits for the network, a load for the database. */
const slotsPerWorker = 3;
const workerIdleMs = 20_000;
/** How long a cancelled batch may take to stop; after that its worker is ended with it. */
export const cancelGraceMs = 1500;

/** The pipeline: its jobs, declared side by side, and what people may ask of them. It does nothing until started. */
export function createPipeline(options: PipelineOptions): Pipeline {
  const { settings, pools, lake, log, now, random } = options;
  const { observer = silentPipelineObserver } = options;
  const keyGuard = createKeyGuard(now);
  const rate = observeLimiter(createMarketLimiter(pools.state, settings.callsPerMinute), observer);
  const limiter = keyGuard.guardLimiter(rate);
  const client = keyGuard.watchClient(
    createMarketClient({ ...settings.market, limiter, observe: (call) => observer.apiCalled(call) }),
  );
  const reference = createReferenceData({ sql: pools.work, client, lake, now });
  const projectDir = fileURLToPath(new URL("../db/warehouse", import.meta.url));
  const transform = openTransform(options, projectDir);
  const workspace = openWorkspace({
    ...{ pools, log, now, projectDir, workspace: options.workspace, environment: options.dbt?.environment ?? {} },
    publications: martsDataset,
    createRun: async (parameters) => {
      await orchestrator.createRun(jobIds.workspace, { parameters });
    },
  });
  const lakeViewer = createLakeViewer(lake);
  const modes = createExportModes({
    ...{ sql: pools.state, environment: settings.exportMode ?? null, lake: settings.lake.kind },
  });
  const jobs: JobDefinition[] = [
    createIngestJob({
      ...{ settings, sql: pools.work, lake, reference, now },
      rebuild: async () => {
        await orchestrator.createRun(jobIds.transform, { parameters: { newDividends: true } });
      },
    }),
    createLoadJob({
      ...{ sql: pools.work, lake, universe: settings.universe },
      refetch: async (partition) => {
        await orchestrator.createRun(jobIds.ingest, { partition });
      },
    }),
    createTransformJob({ sql: pools.work, transform, lake: lakeViewer, log }),
    workspace.job,
    createExportJob({ lake, modes, now }),
  ];

  const [member, pool] = [memberOf(options), openWorkers(options, limiter, observer)];
  const orchestrator = createOrchestrator({
    sql: pools.state,
    lockSql: pools.lock,
    jobs,
    pool: keyGuard.watchPool(pool),
    ...member,
    log,
    observer: toOrchestratorObserver(observer),
    now,
    random,
  });
  const start = () => startAll(member, { orchestrator, transform, sql: pools.state, log });
  return {
    orchestrator: { ...orchestrator, start },
    models: createModelList({ transform, now }),
    project: createProjectReader({ transform, projectDir }),
    workspace: workspace.read,
    workspaceWatch: workspace.watch,
    quarantine: createQuarantineDesk({
      sql: pools.work,
      log: { warn: (message, fields) => log.warn(fields, message) },
      rebuild: async (ticker) => {
        await orchestrator.createRun(jobIds.transform, { parameters: { released: ticker } });
      },
    }),
    lakeViewer,
    exports: createExportDesk({ lake, modes, subscribe: () => orchestrator.subscribe() }),
    ...createPipelineRequests({ settings, sql: pools.work, orchestrator, now, modes }),
  };
}

/** How this process is shown to people, and what it does of the orchestrator's. */
const memberOf = ({ version, workers, roles = allRoles }: PipelineOptions) => ({
  identity: {
    ...{ host: hostname(), pid: process.pid, version, roles },
    workers: roles.includes("work") || roles.includes("sweep") ? workers : 0,
  },
  duties: { schedule: roles.includes("schedule"), work: roles.includes("work") },
});

/** The shipped models. What dbt prints nothing for is a mistake in ours. */
function openTransform({ pools, distribution, log, dbt }: PipelineOptions, projectDir: string): Transform {
  return createTransform({ sql: pools.work, projectDir, distribution, log, refusesUndefined: () => true, ...dbt });
}

function openWorkers(options: PipelineOptions, limiter: { acquire(): Promise<void> }, observer: PipelineObserver) {
  return createWorkerPool({
    entry: new URL("./worker.ts", import.meta.url),
    size: options.workers,
    slotsPerWorker,
    settings: workerSettings(options),
    permit: async (resource) => {
      if (resource !== marketCalls) throw new Error(`Nobody grants "${resource}".`);
      await limiter.acquire();
    },
    observer: toOrchestratorObserver(observer),
    idleMs: workerIdleMs,
    // Nothing is allocated for a while, so nothing would bring the collector to give back what the work has left, nor the engine the
    // pages that it keeps for more of it.
    rested: () => {
      Bun.gc(true);
      Bun.shrink();
    },
    cancelGraceMs,
  });
}

type StartOptions = { orchestrator: Orchestrator; transform: Transform; sql: Sql; log: Logger };

async function startAll({ duties }: { duties: Duties }, options: StartOptions): Promise<void> {
  await options.orchestrator.start();
  if (!duties.schedule) return;
  const runs = await retryRefusedRuns(options.sql, options.orchestrator, jobIds.ingest);
  if (runs > 0) options.log.info({ runs }, "trying again what failed because the key was refused");
  await buildOutdatedModels(options);
}

/** After an upgrade that changed models the next session would build them, perhaps after a weekend. Until then what is published stays. */
async function buildOutdatedModels({ orchestrator, transform, sql, log }: StartOptions): Promise<void> {
  try {
    const models = await transform.outdated();
    if (models.length === 0) return;
    // A run that waits builds the project as it is now; of one at work nobody knows.
    const active = await countActiveRuns(sql);
    if (active.some(({ jobId, queued }) => jobId === jobIds.transform && queued > 0)) return;
    await orchestrator.createRun(jobIds.transform, { parameters: { changedModels: true } });
    log.info({ models }, "models have changed since they were published; their build is queued");
  } catch (error) {
    // A fault in somebody's model: the runs say so, and are there to be looked at.
    if (!(error instanceof PermanentError)) throw error;
    log.warn({ error }, "whether models have changed cannot be told");
  }
}

type RequestOptions = Parameters<typeof prepareBackfill>[0] & { modes: Pick<ExportModes, "read"> };

/** The requests that need to know of stocks. */
function createPipelineRequests(
  options: RequestOptions,
): Omit<
  Pipeline,
  "orchestrator" | "models" | "project" | "workspace" | "workspaceWatch" | "quarantine" | "lakeViewer" | "exports"
> {
  const { orchestrator, now } = options;
  const rangeOf = (request: BackfillRequest, { sessions, group }: PreparedBackfill) => ({
    from: request.from,
    to: request.to,
    reprocess: request.reprocess,
    partitions: sessions,
    ...(request.concurrency !== undefined && { concurrency: request.concurrency }),
    ...(request.order && { order: request.order }),
    plan: group,
  });
  return {
    async previewBackfill(request) {
      const prepared = await prepareBackfill(options, request);
      const selected = await orchestrator.selectPartitions(request.jobId, prepared.sessions, request.reprocess);
      const { plan, runs } = prepared.group(selected);
      return { runs: runs.length, plan };
    },
    async createBackfill(request, by) {
      const prepared = await prepareBackfill(options, request);
      return await orchestrator.createBackfill(request.jobId, rangeOf(request, prepared), by);
    },
    async createRun(jobId, { session, fullRefresh }, by) {
      if (jobId === jobIds.export && (await options.modes.read()).mode === "off")
        throw new RequestError(
          "conflict",
          "Nothing is exported: say first what is, on the page of the export or with EXPORT.",
        );
      const isBuild = jobId === jobIds.transform || jobId === jobIds.workspace;
      const parameters = isBuild && fullRefresh ? { fullRefresh } : {};
      const partition = session ?? (jobId === jobIds.ingest ? lastSettledSession(now()) : null);
      if (partition !== null && jobId === jobIds.ingest) checkSession(partition, now());
      const wanted = { parameters, ...(partition !== null && { partition }) };
      return await orchestrator.createRun(jobId, wanted, by);
    },
    async decideSplit(request, by) {
      const rebuild = async () => {
        await orchestrator.createRun(jobIds.transform, { parameters: { decidedSplit: true } });
      };
      await decideOnSplit({ sql: options.sql, rebuild, now }, request, by);
    },
  };
}

function checkSession(session: string, now: Date): void {
  if (!isIsoDate(session))
    throw new RequestError("invalid", `"${session}" is not a date; write it as 2025-01-02.`, "session");
  if (!isSession(session)) throw new RequestError("invalid", `The exchanges are closed on ${session}.`, "session");
  if (settlesAt(session) > now) {
    throw new RequestError(
      "invalid",
      `The data of ${session} settles at ${settlesAt(session).toISOString()}.`,
      "session",
    );
  }
}

function workerSettings({ settings: { lake, market, databaseUrl }, distribution }: PipelineOptions): WorkerSettings {
  return { lake, market, databaseUrl, distributed: distribution !== undefined };
}
