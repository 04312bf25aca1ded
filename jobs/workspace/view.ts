import type { Sql } from "../../db/client.ts";
import {
  selectPublishedRelations,
  selectWorkspaceGroups,
  selectWorkspaceNodes,
  selectWorkspaceReading,
  type WorkspaceGroupRow,
  type WorkspaceNodeRow,
} from "../../db/queries/quality/workspace.ts";
import type {
  WorkspaceColumn,
  WorkspaceGrain,
  WorkspaceGroupState,
  WorkspaceNodeState,
} from "../../db/schema/workspace.ts";
import { PermanentError } from "../orchestrator/errors.ts";
import type { Column } from "../transform/project/types.ts";
import { compilePublished } from "../transform/summary.ts";
import { lookAtFolder } from "./folder.ts";
import { type ReadOptions, readWorkspace } from "./read.ts";
import type { Fault, Workspace, WorkspaceGroup, WorkspaceNode } from "./types.ts";

/** A node as it is on disk, and how it stands. `state` is null of one that no run has come to yet. */
export type WorkspaceNodeView = WorkspaceNode & {
  state: WorkspaceNodeState | null;
  fault: Fault | null;
  note: string | null;
  builtAt: Date | null;
  durationMs: number | null;
  rows: number | null;
  runId: number | null;
  testsPassed: number;
  testsFailed: number;
  /** What stands of it in the database, as `schema.name` with its columns; null of what is not published. */
  published: { as: string; grain: WorkspaceGrain; columns: WorkspaceColumn[] } | null;
  /** Of what could be read: view, table …; what it reads, by name and `source.table`; its file, and its full query. */
  materialization: string | null;
  description: string;
  columns: Column[];
  dependsOn: string[];
  /** Of a test, the model or source that it is of, and the column. */
  subject: string | null;
  column: string | null;
  rawSql: string | null;
  compiledSql: string | null;
};

export type WorkspaceGroupView = {
  name: string;
  state: WorkspaceGroupState | null;
  /** As the files are now or, where these are well, as the last build ended. */
  fault: Fault | null;
  /** All that is wrong with the files now. */
  faults: Fault[];
  checkedAt: Date | null;
  publishedAt: Date | null;
  durationMs: number | null;
  runId: number | null;
  /** Whether the files are those of which the state is told. */
  isCurrent: boolean;
  nodes: WorkspaceNodeView[];
};

/** The workspace: what was found on disk now, and what became of it. */
export type WorkspaceView = {
  folder: string;
  /** Why it, or the shipped project under it, cannot be read. */
  problem: string | null;
  /** When a run read it last. */
  readAt: Date | null;
  /** Whether that run read what is there now. */
  isCurrent: boolean;
  groups: WorkspaceGroupView[];
};

/** Reads the workspace for pages: the files again once one has changed, the states each time. */
export function createWorkspaceReader({ sql, reading }: { sql: Sql; reading: ReadOptions }) {
  let kept: { version: string; workspace: Workspace } | undefined;
  const read = (version: string): Workspace => {
    if (kept?.version !== version) kept = { version, workspace: readWorkspace(reading) };
    return kept.workspace;
  };
  return async (): Promise<WorkspaceView> => {
    const { version, problem } = lookAtFolder(reading.folder);
    const known = await selectWorkspaceReading(sql);
    const head = { folder: reading.folder, readAt: known?.readAt ?? null, isCurrent: known?.version === version };
    if (version === null) return { ...head, problem, groups: [] };
    try {
      return { ...head, problem, groups: await readGroups(sql, read(version)) };
    } catch (error) {
      // A fault of the shipped project, which its own pages tell as well.
      if (!(error instanceof PermanentError)) throw error;
      return { ...head, problem: error.message, groups: [] };
    }
  };
}

async function readGroups(sql: Sql, workspace: Workspace): Promise<WorkspaceGroupView[]> {
  const [groups, nodes, relations] = await Promise.all([
    selectWorkspaceGroups(sql),
    selectWorkspaceNodes(sql),
    selectPublishedRelations(sql),
  ]);
  const standing = new Map(
    relations.map(({ name, schema, relation, grain, columns }) => [
      name,
      { as: `${schema}.${relation}`, grain, columns },
    ]),
  );
  return workspace.groups.map((group) => {
    const row = groups.find(({ name }) => name === group.name);
    return {
      ...groupView(group, row),
      nodes: group.nodes.map((node) => {
        const known = nodes.find(({ id }) => id === node.id);
        const published = node.kind === "test" ? null : (standing.get(node.name) ?? null);
        return { ...nodeView(workspace, group, node, known), published };
      }),
    };
  });
}

const toFault = ({ message, file, line }: Fault): Fault => ({ message, file, line });

const faultOf = (row: WorkspaceGroupRow | WorkspaceNodeRow | undefined): Fault | null =>
  row?.error ? { message: row.error, file: row.errorFile, line: row.errorLine } : null;

function groupView(group: WorkspaceGroup, row: WorkspaceGroupRow | undefined): Omit<WorkspaceGroupView, "nodes"> {
  const faults = group.faults.map(toFault);
  return {
    name: group.name,
    state: row?.state ?? null,
    fault: faults[0] ?? faultOf(row),
    faults,
    checkedAt: row?.checkedAt ?? null,
    publishedAt: row?.publishedAt ?? null,
    durationMs: row?.durationMs ?? null,
    runId: row?.runId ?? null,
    isCurrent: row?.version === group.version,
  };
}

function nodeView(
  { loaded }: Workspace,
  group: WorkspaceGroup,
  node: WorkspaceNode,
  row: WorkspaceNodeRow | undefined,
): Omit<WorkspaceNodeView, "published"> {
  const model = group.models.find(({ uniqueId }) => uniqueId === node.id);
  const test = group.tests.find(({ uniqueId }) => uniqueId === node.id);
  const unit = group.unitTests.find(({ uniqueId }) => uniqueId === node.id);
  const own = group.faults.find((fault) => fault.node === node.name);
  return {
    ...node,
    state: row?.state ?? null,
    fault: own ? toFault(own) : faultOf(row),
    note: row?.note ?? null,
    builtAt: row?.builtAt ?? null,
    durationMs: row?.durationMs ?? null,
    rows: row?.rows ?? null,
    runId: row?.runId ?? null,
    testsPassed: row?.testsPassed ?? 0,
    testsFailed: row?.testsFailed ?? 0,
    materialization: model?.config.materialized ?? null,
    description: (model ?? test ?? unit)?.description ?? "",
    columns: model?.columns ?? [],
    dependsOn: model?.dependsOn ?? test?.dependsOn ?? [],
    subject: test?.subject ?? unit?.model ?? null,
    column: test?.column ?? null,
    rawSql: model?.text ?? null,
    compiledSql: model ? compiled(loaded, model) : null,
  };
}

/** Null where only a build can tell. */
function compiled(loaded: Workspace["loaded"], model: WorkspaceGroup["models"][number]): string | null {
  try {
    return compilePublished(loaded, model);
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    return null;
  }
}
