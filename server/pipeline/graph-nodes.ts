import type { ModelRow } from "../../db/queries/market/read-warehouse.ts";
import type { BuiltModel, DatasetStanding, LastRun, TestedSubject } from "../../db/queries/pipeline/read-graph.ts";
import type { JobStanding } from "../../db/queries/pipeline/read-jobs.ts";
import type { JobDefinition } from "../../jobs/orchestrator/types.ts";
import type { ModelNode } from "../../jobs/pipeline.ts";
import type { GraphNode } from "../../views/pipeline/graph-types.ts";

export const marketId = "market";
export const jobNodeId = (id: string) => `job:${id}`;
export const datasetNodeId = (name: string) => `dataset:${name}`;
/** Models and sources share their names' space: a source's has a dot. */
export const modelNodeId = (name: string) => (name.includes(".") ? `source:${name}` : `model:${name}`);

/** The table's name in `public`: a source is `source.table`. */
export const tableOf = (name: string) => name.replace(/^.*\./, "");

export const bare = {
  stateLabel: null,
  stateRunId: null,
  paused: false,
  queued: 0,
  running: 0,
  failed: 0,
  waiting: 0,
  lastSuccess: null,
  rows: null,
  events: null,
  tests: null,
} as const;

/** What the pipeline reads from. It is as well as the last ingest found it. */
export function marketNode(given: {
  isSimulated: boolean;
  baseUrl: string;
  keyRefusedBy: number | null;
  ingest: JobStanding | undefined;
}): GraphNode {
  const { isSimulated, keyRefusedBy, ingest } = given;
  const answered = ingest?.lastSuccessId ?? null;
  return {
    ...bare,
    id: marketId,
    kind: "market",
    name: isSimulated ? "Demo exchange" : "Market API",
    title: isSimulated ? "Demo exchange" : "Market API",
    place: isSimulated ? "on this machine" : hostOf(given.baseUrl),
    description: isSimulated
      ? "A simulated market; no price of it is real."
      : "The REST API of Polygon.io, now Massive.com.",
    href: "/about",
    band: 0,
    state: keyRefusedBy !== null ? "failed" : answered !== null ? "success" : "idle",
    stateLabel: keyRefusedBy !== null ? "Key refused" : answered !== null ? "Answered" : "Not asked yet",
    stateRunId: keyRefusedBy ?? answered,
    lastSuccess: lastSuccessOf(ingest),
  };
}

const hostOf = (url: string) => (URL.canParse(url) ? new URL(url).host : url);

function lastSuccessOf(standing: JobStanding | undefined): GraphNode["lastSuccess"] {
  return standing?.lastSuccessId == null || standing.lastSuccessAt === null
    ? null
    : { runId: standing.lastSuccessId, at: standing.lastSuccessAt };
}

/** A job: what it is doing, else how its last run ended. */
export function jobNode(job: JobDefinition, standing: JobStanding | undefined, last: LastRun | undefined): GraphNode {
  const { queued = 0, running = 0, failed = 0, paused = false } = standing ?? {};
  const active = running > 0 ? "running" : queued > 0 && !paused ? "queued" : null;
  const rows: unknown = Object(standing?.lastSummary ?? {}).rows;
  return {
    ...bare,
    id: jobNodeId(job.id),
    kind: "job",
    name: job.id,
    title: job.title,
    place: job.schedule ? "by session" : "by dataset event",
    description: job.description,
    href: `/jobs/${encodeURIComponent(job.id)}`,
    band: 0,
    state: active ?? last?.state ?? "idle",
    stateLabel: active === null && !last ? "Never run" : null,
    stateRunId: active === null ? (last?.id ?? null) : null,
    paused,
    queued,
    running,
    failed,
    lastSuccess: lastSuccessOf(standing),
    rows: typeof rows === "number" ? { count: rows, isEstimate: false } : null,
  };
}

/** A dataset: whether an event of it waits for anybody. */
export function datasetNode(dataset: DatasetStanding, waiting: number): GraphNode {
  const [, place, title] = /^(.*)\/([^/]+)$/.exec(dataset.name) ?? [null, "", dataset.name];
  const { lastEvent } = dataset;
  return {
    ...bare,
    id: datasetNodeId(dataset.name),
    kind: "dataset",
    name: dataset.name,
    title: title ?? dataset.name,
    place: place ?? "",
    description: "A dataset: its events wake the jobs that read it.",
    href: `/datasets/${encodeURIComponent(dataset.name)}`,
    band: 0,
    state: waiting > 0 ? "waiting" : lastEvent ? "success" : "idle",
    stateLabel: waiting > 0 ? `${waiting} waiting` : lastEvent ? "All claimed" : "No event yet",
    waiting,
    lastSuccess: lastEvent && { runId: lastEvent.runId, at: lastEvent.at },
    events: dataset.events,
  };
}

/** What the tables say of the dbt project's nodes; each by name. */
export type ModelFacts = {
  built: Map<string, BuiltModel>;
  tested: Map<string, TestedSubject>;
  published: Map<string, ModelRow>;
  freshness: Map<string, string>;
  rows: Map<string, number>;
};

/** A source or model: how the last build left it, whether or not that was published. */
export function modelNode(node: ModelNode, facts: ModelFacts): GraphNode {
  const tested = facts.tested.get(node.name);
  const built = facts.built.get(node.name);
  const published = facts.published.get(node.name);
  const runId = built?.runId ?? tested?.runId ?? null;
  const rows = facts.rows.get(tableOf(node.name));
  const isSource = node.kind === "source";
  return {
    ...bare,
    id: modelNodeId(node.name),
    kind: node.kind,
    name: node.name,
    title: tableOf(node.name),
    place: isSource ? "raw table" : (node.materialization ?? "model"),
    description: node.description,
    href: `/quality/${isSource ? "sources" : "models"}/${encodeURIComponent(node.name)}`,
    band: 1,
    ...(isSource ? sourceState(node, facts) : modelState(node, facts)),
    stateRunId: runId,
    lastSuccess: published ? { runId: published.runId, at: published.finishedAt } : null,
    rows: rows === undefined ? null : { count: rows, isEstimate: true },
    tests:
      node.tests === 0
        ? null
        : {
            all: node.tests,
            passed: tested?.passed ?? 0,
            warned: tested?.warned ?? 0,
            failed: tested?.failed ?? 0,
            skipped: tested?.skipped ?? 0,
          },
  };
}

type NodeState = Pick<GraphNode, "state" | "stateLabel">;

function testState(tested: TestedSubject | undefined): NodeState | null {
  if (tested && tested.failed > 0) return { state: "failed", stateLabel: "Tests failed" };
  if (tested && tested.warned > 0) return { state: "warn", stateLabel: null };
  return null;
}

function modelState({ name, materialization }: ModelNode, { built, tested }: ModelFacts): NodeState {
  const result = built.get(name);
  if (result?.error || result?.action === "failed") return { state: "failed", stateLabel: null };
  if (result?.action === "skipped") return { state: "skipped", stateLabel: null };
  const byTests = testState(tested.get(name));
  if (byTests) return byTests;
  if (result) return { state: "success", stateLabel: null };
  return { state: "idle", stateLabel: materialization === "ephemeral" ? "Part of others" : "Not built yet" };
}

function sourceState({ name, tests }: ModelNode, { tested, freshness }: ModelFacts): NodeState {
  const byTests = testState(tested.get(name));
  if (byTests) return byTests;
  const age = freshness.get(name);
  if (age !== undefined) {
    return age === "pass" ? { state: "success", stateLabel: "Fresh" } : { state: "warn", stateLabel: "Stale" };
  }
  if (tests > 0 && tested.has(name)) return { state: "success", stateLabel: null };
  return { state: "idle", stateLabel: "Not tested" };
}
