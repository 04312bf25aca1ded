import { selectQuarantines } from "../../db/queries/market/read-quarantines.ts";
import { selectActionsOfRun } from "../../db/queries/operations/read-actions.ts";
import { selectEventsOfRun } from "../../db/queries/pipeline/read-events.ts";
import {
  selectModelResults,
  selectRejectReasons,
  selectRejects,
  selectTestResults,
} from "../../db/queries/pipeline/read-results.ts";
import {
  type BatchRow,
  type LogRow,
  type RunDetail,
  type StepRow,
  selectBatches,
  selectLogs,
  selectRun,
  selectSteps,
  selectTries,
  type TryRow,
} from "../../db/queries/pipeline/read-runs.ts";
import { findJob } from "../../jobs/orchestrator/declared.ts";
import { isActive, type JobDefinition, RequestError, type TaskDefinition } from "../../jobs/orchestrator/types.ts";
import type { RunView } from "../../views/pipeline/run.tsx";
import type { RejectsView } from "../../views/pipeline/run-results.tsx";
import type { StepView } from "../../views/pipeline/run-steps.tsx";
import type { AppContext } from "../context.ts";

const batchesShown = 200;
const triesShown = 100;
const logLinesShown = 200;
const eventsShown = 100;
const rejectsShown = 50;
/** More are never held for a session of the whole market. */
const heldShown = 100;

/** Which part of long lists to show: batches of `step` from one on and in one state, and rejects after an id. */
export type RunQuery = {
  step: number | null;
  batches: number | null;
  state: string | null;
  rejects: number | null;
};

/** The state of a step: the one of its batches that says most. */
function stepState(row: StepRow): string {
  if (row.failed > 0) return "failed";
  if (row.running > 0) return "running";
  if (row.queued > 0) return row.success > 0 ? "running" : "queued";
  if (row.cancelled > 0) return "cancelled";
  // Batches that a new plan did without stay cleared beside those that it has.
  return row.success > 0 ? "success" : "cleared";
}

/** States of batches, in the order in which they are counted. */
export const batchStates = ["success", "running", "queued", "failed", "cancelled", "cleared"] as const;

type StepParts = {
  row: StepRow | undefined;
  batches: BatchRow[];
  tries: TryRow[];
  logs: LogRow[];
  runId: number;
  query: RunQuery;
};

function toStepView(step: number, task: TaskDefinition, parts: StepParts): StepView {
  const { row, batches, tries, logs, query } = parts;
  const last = batches.at(-1);
  const isAsked = query.step === step;
  const inState = isAsked ? query.state : null;
  const hasMore = last !== undefined && batches.length === batchesShown && last.mapIndex + 1 < (row?.batches ?? 0);
  const url = (more: string) => `/runs/${parts.runId}?step=${step}${more}#step-${step}`;
  return {
    step,
    name: task.name,
    description: task.description,
    runId: parts.runId,
    isMapped: task.kind === "mapped",
    state: row ? stepState(row) : "waiting",
    counts: row ? batchStates.filter((name) => row[name] > 0).map((name) => [name, row[name]]) : [],
    batches: row?.batches ?? 0,
    marked: row?.marked ?? 0,
    taskId: task.kind === "plain" ? (row?.firstId ?? null) : null,
    tries: row?.tries ?? 0,
    startedAt: row?.startedAt ?? null,
    finishedAt: row?.finishedAt ?? null,
    done: row?.done ?? null,
    total: row?.total ?? null,
    unit: row?.unit ?? null,
    shown: batches,
    nextBatches: hasMore ? url(`${inState ? `&state=${inState}` : ""}&batches=${last.mapIndex + 1}`) : null,
    inState,
    areBatchesAsked: isAsked,
    batchUrl: (state) => url(state === null ? "" : `&state=${state}`),
    troubled: tries.filter((attempt) => attempt.step === step),
    log: logs
      .filter((line) => line.step === step)
      .map((line) => ({ ...line, task: task.name, batch: task.kind === "mapped" ? line.mapIndex : null })),
  };
}

/** Steps as declared, those of an older declaration after them. */
async function readSteps(
  context: AppContext,
  runId: number,
  job: JobDefinition | undefined,
  query: RunQuery,
): Promise<StepView[]> {
  const { read } = context;
  const [rows, tries, logs] = await Promise.all([
    selectSteps(read, runId),
    selectTries(read, runId, triesShown),
    selectLogs(read, runId, logLinesShown),
  ]);
  const declared = job?.tasks ?? [];
  const count = Math.max(declared.length, ...rows.map((row) => row.step + 1));
  return Promise.all(
    Array.from({ length: count }, async (_, step) => {
      const row = rows.find((candidate) => candidate.step === step);
      const known = declared[step];
      const task: TaskDefinition = known ?? { kind: "mapped", name: row?.name ?? "task", description: "", handler: "" };
      const { batches: from, state } = query.step === step ? query : { batches: null, state: null };
      const page = { from: from ?? 0, state, limit: batchesShown };
      const batches = task.kind === "mapped" && row ? await selectBatches(read, runId, step, page) : [];
      return toStepView(step, task, { row, batches, tries, logs, runId, query });
    }),
  );
}

async function readRejects(context: AppContext, runId: number, after: number): Promise<RejectsView> {
  const reasons = await selectRejectReasons(context.read, runId);
  if (reasons.length === 0) return { reasons, rows: [], next: null };
  const rows = await selectRejects(context.read, runId, after, rejectsShown + 1);
  const shown = rows.slice(0, rejectsShown);
  const last = shown.at(-1);
  return {
    reasons,
    rows: shown,
    next: rows.length > rejectsShown && last ? `/runs/${runId}?rejects=${last.id}#rejects` : null,
  };
}

const entriesOf = (value: unknown): [string, unknown][] =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];

function toHead(run: RunDetail, job: JobDefinition | undefined) {
  const isRunActive = isActive(run.state);
  const isRecheck = entriesOf(run.parameters).some(([key, value]) => key === "recheck" && value === true);
  return {
    ...run,
    jobTitle: job?.title ?? run.jobId,
    parameters: entriesOf(run.parameters),
    summary: entriesOf(run.summary),
    isActive: isRunActive,
    isRecheck,
    // Of a run that was marked as failed, there may be nothing to retry: a task of it can be cleared.
    canRetry:
      !isRunActive && run.state !== "success" && (run.isLatestOfPartition || isRecheck) && run.hasSomethingToRetry,
  };
}

function urlOf(id: number, query: RunQuery): string {
  const parts = Object.entries(query).flatMap(([key, value]) => (value === null ? [] : [`${key}=${value}`]));
  return `/runs/${id}${parts.length > 0 ? `?${parts.join("&")}` : ""}`;
}

/** Everything that a run's page shows. `problem` is why the last request about it could not be done. */
export async function readRunPage(
  context: AppContext,
  id: number,
  query: RunQuery,
  problem: string | null,
): Promise<RunView> {
  const { read, pipeline } = context;
  const run = await selectRun(read, id);
  if (!run) throw new RequestError("not_found", `There is no run ${id}.`);
  const { jobs } = pipeline.orchestrator;
  const job = findJob(jobs, run.jobId);
  const hasEnded = !isActive(run.state);
  const [steps, events, actions, rejects, models, tests, held] = await Promise.all([
    readSteps(context, id, job, query),
    selectEventsOfRun(read, id, eventsShown),
    selectActionsOfRun(read, id),
    readRejects(context, id, query.rejects ?? 0),
    selectModelResults(read, id),
    selectTestResults(read, id),
    selectQuarantines(read, { state: null, ticker: null, before: null, runId: id }, heldShown),
  ]);
  return {
    ...toHead(run, job),
    now: context.now(),
    problem,
    url: urlOf(id, query),
    // What waits in a run that is over waits for nothing.
    steps: steps.map((step) =>
      hasEnded && (step.state === "waiting" || step.state === "cleared") ? { ...step, state: "unreached" } : step,
    ),
    ...events,
    actions,
    titles: Object.fromEntries(jobs.map((other) => [other.id, other.title])),
    rejects,
    models,
    tests,
    held,
  };
}
