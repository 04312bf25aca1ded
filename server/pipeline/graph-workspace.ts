import type { JobDefinition } from "../../jobs/orchestrator/types.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import type { WorkspaceGroupView, WorkspaceNodeView, WorkspaceView } from "../../jobs/workspace/view.ts";
import type { GraphEdge, GraphNode } from "../../views/pipeline/graph-types.ts";
import { bare, jobNodeId, modelNodeId } from "./graph-nodes.ts";

/** Under the shipped project. */
const band = 2;

const states: Record<NonNullable<WorkspaceNodeView["state"]>, Pick<GraphNode, "state" | "stateLabel">> = {
  published: { state: "success", stateLabel: "Published" },
  failed: { state: "failed", stateLabel: null },
  timed_out: { state: "failed", stateLabel: "Took too long" },
  refused: { state: "failed", stateLabel: "Refused" },
  waiting: { state: "waiting", stateLabel: null },
  skipped: { state: "skipped", stateLabel: "Held back" },
};

/** Why it stands as it does, where that is anything to know: its own fault, else that of its group. */
function reasonOf({ fault, state }: WorkspaceNodeView, group: WorkspaceGroupView): string | null {
  const why = fault ?? (state === "published" ? null : group.fault);
  if (why === null) return null;
  const place = why.file === null ? "" : `${why.file}${why.line === null ? "" : `:${why.line}`}: `;
  return `${place}${why.message}`;
}

function toNode(node: WorkspaceNodeView, group: WorkspaceGroupView): GraphNode {
  const { name, runId, builtAt, testsPassed: passed, testsFailed: failed } = node;
  const reason = reasonOf(node, group);
  return {
    ...bare,
    id: modelNodeId(name),
    kind: "model",
    name,
    title: name,
    place: node.kind === "model" ? (node.materialization ?? "model") : node.kind,
    description: [reason, node.description].filter(Boolean).join(" "),
    href: `/quality/models/${encodeURIComponent(name)}`,
    band,
    ...(node.state === null ? { state: "idle", stateLabel: "Not built yet" } : states[node.state]),
    stateRunId: runId,
    lastSuccess: node.state === "published" && runId !== null && builtAt !== null ? { runId, at: builtAt } : null,
    rows: node.rows === null ? null : { count: node.rows, isEstimate: false },
    tests: passed + failed === 0 ? null : { all: passed + failed, passed, failed, warned: 0, skipped: 0 },
  };
}

const quiet = { event: null, waiting: 0, waitingSince: null };

/** The people's own models, and what each reads of `others`, which are nodes of the graph. Its job leads to what reads nothing. */
export function workspacePart(
  { groups }: WorkspaceView,
  others: readonly GraphNode[],
  jobs: readonly JobDefinition[],
): { nodes: GraphNode[]; edges: GraphEdge[] } {
  const taken = new Set(others.map(({ id }) => id));
  const found = groups.flatMap((group) =>
    group.nodes
      // What has a shipped one's name is refused, and told of on the workspace's page.
      .filter(({ kind, name }) => kind !== "test" && !taken.has(modelNodeId(name)))
      .map((node) => ({ node, shown: toNode(node, group) })),
  );
  const nodes = [...new Map(found.map(({ shown }) => [shown.id, shown])).values()];
  const known = new Set([...taken, ...nodes.map(({ id }) => id)]);
  const starts = jobs.some(({ id }) => id === jobIds.workspace) ? [jobNodeId(jobIds.workspace)] : [];
  const edges = found.flatMap(({ node, shown }): GraphEdge[] => {
    const parents = [...new Set(node.dependsOn.map(modelNodeId))].filter((id) => known.has(id) && id !== shown.id);
    if (parents.length > 0) return parents.map((from) => ({ ...quiet, from, to: shown.id, kind: "reads" }));
    return starts.map((from) => ({ ...quiet, from, to: shown.id, kind: "begins" }));
  });
  return { nodes, edges };
}
