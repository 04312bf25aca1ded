import type { WorkspaceGroupRow, WorkspaceNodeRow } from "../../db/queries/quality/workspace.ts";
import type { ModelResult, TestResult } from "../transform/transform.ts";
import type { GroupOutcome } from "./build.ts";
import type { FoundFault, WorkspaceGroup, WorkspaceNode } from "./types.ts";

export type Moment = { runId: number | null; now: Date };

/** What is kept of a group once it is known how it went. */
export function groupRow(group: WorkspaceGroup, outcome: GroupOutcome, { runId, now }: Moment): WorkspaceGroupRow {
  const { state, fault, durationMs } = outcome;
  return {
    ...{ name: group.name, state, version: group.version, runId, durationMs },
    ...{ error: fault?.message ?? null, errorFile: fault?.file ?? null, errorLine: fault?.line ?? null },
    ...{ checkedAt: now, publishedAt: state === "published" ? now : null },
  };
}

/** What is kept of its nodes: of one that is at fault what is wrong, of the others how far they came. */
export function nodeRows(group: WorkspaceGroup, outcome: GroupOutcome, moment: Moment): WorkspaceNodeRow[] {
  const { state, fault, result, notes } = outcome;
  const found = [...(fault ? [fault] : []), ...group.faults];
  return group.nodes.map((node) => {
    const { kind, name } = node;
    const own = found.find((one) => one.node === name || (one.node === null && one.file === node.file));
    const model = kind === "test" ? undefined : result?.models.find((one) => one.name === name);
    const tests = (result?.tests ?? []).filter((one) => (kind === "test" ? one.name === name : one.subject === name));
    const isBuilt = model !== undefined && model.action !== "skipped";
    return {
      ...node,
      groupName: group.name,
      state: nodeState(state, own),
      ...errorOf(node, own, tests),
      note: notes.get(name) ?? null,
      builtAt: isBuilt ? moment.now : null,
      durationMs: model?.durationMs ?? (kind === "test" ? (tests[0]?.durationMs ?? null) : null),
      rows: model?.rows ?? null,
      runId: moment.runId,
      ...counts(tests),
    };
  });
}

/** One that is no fault of its own waits for its group. */
function nodeState(state: GroupOutcome["state"], own: object | undefined): WorkspaceNodeRow["state"] {
  if (state === "published" || state === "waiting") return state;
  return own ? state : "skipped";
}

function errorOf(
  { file }: WorkspaceNode,
  own: Pick<FoundFault, "message" | "file" | "line"> | undefined,
  tests: TestResult[],
): Pick<WorkspaceNodeRow, "error" | "errorFile" | "errorLine"> {
  if (own) return { error: own.message, errorFile: own.file, errorLine: own.line };
  const failing = tests.find(({ status }) => status === "fail" || status === "error");
  if (!failing) return { error: null, errorFile: null, errorLine: null };
  return { error: `the test ${failing.name} fails`, errorFile: file, errorLine: null };
}

function counts(tests: TestResult[]): Pick<WorkspaceNodeRow, "testsPassed" | "testsFailed"> {
  const count = (...states: string[]) => tests.filter(({ status }) => states.includes(status)).length;
  return { testsPassed: count("pass", "warn"), testsFailed: count("fail", "error") };
}

/** What the run's page lists: of groups that were not built nothing. */
export const resultsOf = (outcomes: readonly GroupOutcome[]): { models: ModelResult[]; tests: TestResult[] } => ({
  models: outcomes.flatMap(({ result }) => result?.models ?? []),
  tests: outcomes.flatMap(({ result }) => result?.tests ?? []),
});
