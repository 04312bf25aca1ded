import type { Sql } from "../../db/client.ts";
import { buildGroup, type GroupOutcome } from "./build.ts";
import { lookAtFolder } from "./folder.ts";
import { type ReadOptions, readWorkspace } from "./read.ts";
import { nodeRows } from "./state.ts";
import type { Fault, WorkspaceNode } from "./types.ts";

export type CheckOptions = { sql: Sql; reading: ReadOptions; limitMs: number; now(): Date };

/** What a check says of one node; of a file that is no node, of the file. */
export type CheckedNode = {
  kind: WorkspaceNode["kind"] | "file";
  name: string;
  file: string;
  /** `skipped`: something else of its group is at fault; `waiting`: what it reads is not published yet. */
  verdict: "ok" | "fault" | "skipped" | "waiting";
  fault: Fault | null;
};

export type Check = { problem: string | null; nodes: CheckedNode[] };

/** Compiles, builds and tests all of the workspace on what is published, and undoes it. A fault of the shipped project is a PermanentError. */
export async function checkWorkspace({ sql, reading, limitMs, now }: CheckOptions): Promise<Check> {
  const { problem } = lookAtFolder(reading.folder);
  if (problem !== null) return { problem, nodes: [] };
  const workspace = readWorkspace(reading);
  const silent = { info: () => {}, warn: () => {} };
  const nodes: CheckedNode[] = [];
  for (const group of workspace.groups) {
    const outcome = await buildGroup({ sql, limitMs, now, log: silent }, workspace, group, { purpose: "check" });
    const rows = nodeRows(group, outcome, { runId: null, now: now() });
    for (const { kind, name, file, state, error, errorFile, errorLine } of rows) {
      const fault = error === null ? null : { message: error, file: errorFile, line: errorLine };
      nodes.push({ kind, name, file, fault, verdict: verdictOf(state) });
    }
    if (group.nodes.length === 0) nodes.push(ofFile(group.name, outcome));
  }
  return { problem: null, nodes };
}

function verdictOf(state: ReturnType<typeof nodeRows>[number]["state"]): CheckedNode["verdict"] {
  if (state === "published") return "ok";
  return state === "skipped" || state === "waiting" ? state : "fault";
}

const ofFile = (name: string, { fault }: GroupOutcome): CheckedNode => ({
  ...{ kind: "file", name, file: name, verdict: "fault" },
  fault: fault && { message: fault.message, file: fault.file, line: fault.line },
});
