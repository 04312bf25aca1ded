import { selectLatestModels } from "../../db/queries/market/read-warehouse.ts";
import {
  type DatasetStanding,
  type SubscriptionStanding,
  selectDatasets,
  selectLastBuild,
  selectLastFreshness,
  selectLastRuns,
  selectLastTests,
  selectSubscriptionStandings,
  selectTableRows,
} from "../../db/queries/pipeline/read-graph.ts";
import { selectJobStandings } from "../../db/queries/pipeline/read-jobs.ts";
import { selectProblemWith } from "../../db/queries/pipeline/read-problems.ts";
import { marketErrorCodes } from "../../jobs/market/failures.ts";
import { PermanentError } from "../../jobs/orchestrator/errors.ts";
import type { JobDefinition } from "../../jobs/orchestrator/types.ts";
import { jobIds, type ModelNode } from "../../jobs/pipeline.ts";
import type { GraphEdge, GraphNode, GraphView } from "../../views/pipeline/graph-types.ts";
import type { AppContext } from "../context.ts";
import {
  datasetNode,
  datasetNodeId,
  jobNode,
  jobNodeId,
  type ModelFacts,
  marketId,
  marketNode,
  modelNode,
  modelNodeId,
  tableOf,
} from "./graph-nodes.ts";
import { workspacePart } from "./graph-workspace.ts";

type GraphContext = Pick<AppContext, "config" | "read" | "pipeline" | "now">;

/** The datasets that jobs say they record events for or are woken by, in the order of the jobs. */
export const declaredDatasets = (jobs: readonly JobDefinition[]): string[] => [
  ...new Set(jobs.flatMap(({ produces = [], triggeredBy = [] }) => [...triggeredBy, ...produces])),
];

/** Jobs, datasets and models as one graph, each as it stands. */
export async function readGraph(context: GraphContext): Promise<GraphView> {
  const { jobs } = context.pipeline.orchestrator;
  const declared = declaredDatasets(jobs);
  const [nodes, datasets, subscriptions, project, workspace] = await Promise.all([
    readPipelineNodes(context),
    selectDatasets(context.read, declared),
    selectSubscriptionStandings(context.read),
    readProject(context),
    context.pipeline.workspace(),
  ]);
  const waiting = Map.groupBy(subscriptions, ({ dataset }) => dataset);
  const current = datasets.filter(({ name }) => declared.includes(name));
  const datasetNodes = current.map((dataset) =>
    datasetNode(
      dataset,
      (waiting.get(dataset.name) ?? []).reduce((sum, one) => sum + one.waiting, 0),
    ),
  );
  const shipped = [...nodes, ...datasetNodes, ...project.nodes];
  const own = workspacePart(workspace, shipped, jobs);
  const all = [...shipped, ...own.nodes];
  return {
    now: context.now(),
    nodes: all,
    edges: [...pipelineEdges(jobs, current, subscriptions), ...project.edges, ...own.edges],
    choice: { job: "", model: "", part: "" },
    jobs: jobs.map(({ id, title }) => ({ id: jobNodeId(id), title })),
    models: [...project.nodes, ...own.nodes].map(({ id, title }) => ({ id, title })),
    hasWorkspace: own.nodes.length > 0,
    isWorking: all.some((node) => node.running > 0 || (node.queued > 0 && !node.paused) || node.waiting > 0),
    projectProblem: project.problem,
  };
}

/** The market and the jobs. */
async function readPipelineNodes(context: GraphContext): Promise<GraphNode[]> {
  const { read, config, pipeline } = context;
  const { jobs } = pipeline.orchestrator;
  const ids = jobs.map(({ id }) => id);
  const [standings, last, refusal] = await Promise.all([
    selectJobStandings(read, ids),
    selectLastRuns(read, ids),
    selectProblemWith(read, jobIds.ingest, marketErrorCodes.refusedKey),
  ]);
  const standingOf = (id: string) => standings.find((standing) => standing.id === id);
  const market = marketNode({
    isSimulated: config.market.source === "demo",
    baseUrl: config.market.baseUrl,
    keyRefusedBy: refusal?.id ?? null,
    ingest: standingOf(jobIds.ingest),
  });
  const jobNodes = jobs.map((job) =>
    jobNode(
      job,
      standingOf(job.id),
      last.find((run) => run.jobId === job.id),
    ),
  );
  return [market, ...jobNodes];
}

const quiet = { event: null, waiting: 0, waitingSince: null };

function pipelineEdges(
  jobs: readonly JobDefinition[],
  datasets: DatasetStanding[],
  subscriptions: SubscriptionStanding[],
): GraphEdge[] {
  return jobs.flatMap((job): GraphEdge[] => [
    ...(job.id === jobIds.ingest
      ? [{ ...quiet, from: marketId, to: jobNodeId(job.id), kind: "fetches" as const }]
      : []),
    ...(job.triggeredBy ?? []).map((name): GraphEdge => {
      const standing = subscriptions.find((one) => one.jobId === job.id && one.dataset === name);
      const claim = standing?.lastClaim ?? null;
      return {
        from: datasetNodeId(name),
        to: jobNodeId(job.id),
        kind: "wakes",
        event: claim && { id: claim.eventId, at: claim.at, runId: claim.runId },
        waiting: standing?.waiting ?? 0,
        waitingSince: standing?.waitingSince ?? null,
      };
    }),
    ...(job.produces ?? []).map((name): GraphEdge => {
      const last = datasets.find((dataset) => dataset.name === name)?.lastEvent;
      const event = last?.jobId === job.id ? { id: last.id, at: last.at, runId: last.runId } : null;
      return { ...quiet, from: jobNodeId(job.id), to: datasetNodeId(name), kind: "records", event };
    }),
  ]);
}

type ProjectPart = { nodes: GraphNode[]; edges: GraphEdge[]; problem: string | null };

/** Sources and models. The transform leads to all that reads nothing of the project itself. */
async function readProject(context: GraphContext): Promise<ProjectPart> {
  let models: ModelNode[];
  try {
    models = await context.pipeline.models();
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    return { nodes: [], edges: [], problem: error.message };
  }
  const facts = await readModelFacts(context, models);
  const known = new Set(models.map(({ name }) => name));
  const edges = models.flatMap((model): GraphEdge[] => {
    const parents = model.dependsOn.filter((name) => known.has(name));
    const to = modelNodeId(model.name);
    if (parents.length === 0) return [{ ...quiet, from: jobNodeId(jobIds.transform), to, kind: "begins" }];
    return parents.map((name) => ({ ...quiet, from: modelNodeId(name), to, kind: "reads" }));
  });
  return { nodes: models.map((model) => modelNode(model, facts)), edges, problem: null };
}

async function readModelFacts({ read }: GraphContext, models: ModelNode[]): Promise<ModelFacts> {
  const [built, tested, published, freshness, rows] = await Promise.all([
    selectLastBuild(read, jobIds.transform),
    selectLastTests(read, jobIds.transform),
    selectLatestModels(read, jobIds.transform),
    selectLastFreshness(read, jobIds.transform),
    selectTableRows(
      read,
      models.map(({ name }) => tableOf(name)),
    ),
  ]);
  return {
    built: new Map(built.map((row) => [row.name, row])),
    tested: new Map(tested.map((row) => [row.subject, row])),
    published: new Map(published.map((row) => [row.name, row])),
    freshness: new Map(freshness.map((row) => [row.name, row.status])),
    rows: new Map(rows.map((row) => [row.name, row.rows])),
  };
}
