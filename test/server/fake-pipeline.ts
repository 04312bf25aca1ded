import { sessionsBetween } from "../../jobs/market/calendar.ts";
import { type JobDefinition, type Orchestrator, RequestError } from "../../jobs/orchestrator/types.ts";
import { type BackfillPlan, type BackfillRequest, jobIds, type ModelNode, type Pipeline } from "../../jobs/pipeline.ts";
import { fakeProject } from "./fake-project.ts";
import { noWorkspace } from "./support.ts";

const plain = (name: string, description: string): JobDefinition["tasks"][number] => ({
  kind: "plain",
  name,
  description,
  run: async () => ({}),
});
const mapped = (name: string, description: string): JobDefinition["tasks"][number] => ({
  kind: "mapped",
  name,
  description,
  handler: name,
});

const manifests = "s3://test/manifests";
const bars = "postgres_dwh://public/source_polygon_stock_bars_daily";

/** A project small enough to see through: two sources, a model on each, and one on both. */
const fakeModels: ModelNode[] = [
  source("polygon.source_polygon_stock_bars_daily", "Unadjusted daily bars."),
  source("polygon.source_polygon_splits", "Stock splits."),
  model("stg_bars", "view", ["polygon.source_polygon_stock_bars_daily"]),
  model("stg_splits", "ephemeral", ["polygon.source_polygon_splits"]),
  model("fct_performance", "incremental", ["stg_bars", "stg_splits"], 3),
];

function source(name: string, description: string): ModelNode {
  return { name, kind: "source", materialization: null, description, dependsOn: [], tests: 0 };
}

function model(name: string, materialization: string, dependsOn: string[], tests = 0): ModelNode {
  return { name, kind: "model", materialization, description: `The model ${name}.`, dependsOn, tests };
}

type Catchup = NonNullable<JobDefinition["schedule"]>["catchup"];

/** The three jobs as pages see them; the ingest wants every session from `startDate` to `lastDate`. */
export function fakeJobs(startDate: string, lastDate: string, catchup: Catchup = "all"): JobDefinition[] {
  return [
    {
      id: jobIds.ingest,
      title: "Ingest",
      description: "Fetches each session’s bars from the market API and lands the raw answers in the lake.",
      tasks: [
        plain("plan", "Reads the universe and plans the calls."),
        mapped("fetch", "Fetches the planned calls and lands the raw answers."),
        plain("record", "Writes the manifest and records the event."),
      ],
      schedule: {
        cron: "*/5 * * * *",
        timeZone: "America/New_York",
        catchup,
        due: () => sessionsBetween(startDate, lastDate),
        upcoming: () => [],
      },
      produces: [manifests],
      maxActiveRuns: 4,
      maxTries: 5,
    },
    {
      id: jobIds.load,
      title: "Load",
      description: "Parses, checks and copies what landed into the warehouse, in one merge.",
      tasks: [
        plain("plan", "Lists the objects of the claimed manifests."),
        mapped("copy", "Parses, checks and copies one batch."),
        plain("merge", "Merges what was copied into the bars."),
      ],
      triggeredBy: [manifests],
      produces: [bars],
      maxActiveRuns: 1,
      maxTries: 5,
    },
    {
      id: jobIds.transform,
      title: "Transform",
      description: "Builds the models, tests them, and publishes what passed.",
      tasks: [plain("build", "Builds, tests and publishes.")],
      triggeredBy: [bars],
      maxActiveRuns: 1,
      maxTries: 3,
    },
  ];
}

/** What pages asked the pipeline to do, in order. */
export type Asked = { call: string; argument: unknown }[];

const planOf = ({ from, to }: BackfillRequest): BackfillPlan => {
  const dates = sessionsBetween(from, to);
  return {
    strategy: "grouped",
    calls: dates.length,
    alternative: { strategy: "per_ticker", calls: 11_000 },
    minutes: dates.length / 5,
    sessions: dates.length,
    dates,
    reasons: dates.map((date) => ({ date, reason: { kind: "never_ran" } })),
    skipped: [
      { date: "2020-01-01", reason: { kind: "closed", holiday: "holiday: New Year’s Day" } },
      { date: "2020-01-04", reason: { kind: "closed", holiday: null } },
      { date: "2020-01-05", reason: { kind: "closed", holiday: null } },
    ],
  };
};

function checked(request: BackfillRequest): BackfillRequest {
  if (request.from > request.to) throw new RequestError("invalid", "The first date is after the last.", "from");
  const unknown = request.tickers?.find((ticker) => !/^[A-Z.]+$/.test(ticker));
  if (unknown) throw new RequestError("invalid", `No ticker "${unknown}" is known.`, "tickers");
  return request;
}

const noObject = (key: string) =>
  Promise.reject(new RequestError("not_found", `The lake has no object ${key}.`, "key"));

/** A pipeline that does nothing but note what it was asked, and refuse what the real one refuses. */
export function fakePipeline(jobs: JobDefinition[], ids: { backfill?: number; run?: number } = {}) {
  const asked: Asked = [];
  const note = (call: string, argument: unknown) => void asked.push({ call, argument });
  const orchestrator: Orchestrator = {
    jobs,
    owner: "1",
    start: async () => {},
    stop: async () => {},
    wake: () => {},
    subscribe: async () => {},
    createRun: async () => 0,
    selectPartitions: async () => ({ wanted: [], skipped: [] }),
    createBackfill: async () => {
      throw new RequestError("conflict", "not here");
    },
    retryRun: async (runId) => {
      note("retryRun", runId);
      if (runId === 2) throw new RequestError("conflict", "Run 2 is <b>not</b> over.");
    },
    cancelRun: async (runId) => note("cancelRun", runId),
    clearRun: async (runId) => note("clearRun", runId),
    changeRuns: async (change) => {
      note("changeRuns", change);
      return {
        changed: change.runIds.filter((runId) => runId !== 2),
        refused: change.runIds.includes(2) ? [{ runId: 2, message: "Run 2 is <b>not</b> over." }] : [],
      };
    },
    cancelBackfill: async (backfillId) => note("cancelBackfill", backfillId),
    markRun: async (runId, mark) => note("markRun", { runId, ...mark }),
    retryTask: async (taskId) => note("retryTask", taskId),
    clearTask: async (taskId) => note("clearTask", taskId),
    markTask: async (taskId, mark) => {
      if (mark.reason === "") throw new RequestError("invalid", "Say why.", "reason");
      note("markTask", { taskId, ...mark });
    },
    retryBackfill: async (backfillId) => {
      note("retryBackfill", backfillId);
      return 1;
    },
    updateBackfill: async (backfillId, change) => note("updateBackfill", { backfillId, ...change }),
    setPaused: async (jobId, paused) => note("setPaused", { jobId, paused }),
  };
  const pipeline: Pipeline = {
    orchestrator,
    models: async () => fakeModels,
    project: async () => fakeProject,
    workspace: async () => noWorkspace,
    workspaceWatch: { start: () => {}, stop: async () => {} },
    quarantine: {
      release: async (id, reason) => note("release", { id, reason }),
      drop: async (id, reason) => {
        if (reason === "") throw new RequestError("invalid", "Say why.", "reason");
        note("drop", { id, reason });
      },
    },
    exports: {
      place: "s3://test/marts/",
      standing: async () => ({
        mode: "off",
        from: "default",
        setting: { mode: null, changedAt: null, changedBy: null },
      }),
      change: async (mode) => note("exports.change", { mode }),
      current: async () => undefined,
      file: noObject,
    },
    lakeViewer: { stored: noObject, text: noObject, findBar: async () => null },
    previewBackfill: async (request) => ({ runs: 1, plan: planOf(checked(request)) }),
    createBackfill: async (request) => {
      note("createBackfill", checked(request));
      return { id: ids.backfill ?? 1, runs: 1, plan: planOf(request) };
    },
    createRun: async (jobId, options) => {
      note("createRun", { jobId, ...options });
      if (options.session === "2020-01-01")
        throw new RequestError("invalid", "2020-01-01 is <i>no</i> session.", "session");
      return ids.run ?? 1;
    },
    decideSplit: async (request) => {
      note("decideSplit", request);
    },
  };
  return { pipeline, asked };
}
