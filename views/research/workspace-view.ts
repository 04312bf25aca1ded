import type { WorkspaceGroupView, WorkspaceNodeView, WorkspaceView } from "../../jobs/workspace/view.ts";

/** A column that is published and offered nowhere, and why: what it or its model is called, its type, or that nobody can read it now. */
export type UnofferedColumn = { column: string; why: "name" | "model_name" | "type" | "unreadable"; sqlType: string };

export type OwnNode = WorkspaceNodeView & {
  /** Its columns that pages offer, as addresses name them: `z_score.z_20d`. */
  offered: string[];
  unoffered: UnofferedColumn[];
};

export type OwnGroup = Omit<WorkspaceGroupView, "nodes"> & { nodes: OwnNode[] };

/** A file of strategies, and what came of it. */
export type OwnStrategy = {
  file: string;
  state: "checking" | "ok" | "broken";
  /** Null as long as they are not known. */
  id: string | null;
  name: string | null;
  scope: "ticker" | "universe" | null;
  message: string | null;
  problemFile: string | null;
  line: number | null;
  checks: readonly { label: string; passed: boolean; detail: string }[];
  foundAt: Date;
};

/** Everything that is of the people's own, as it is on disk and as it stands. */
export type WorkspacePageView = Omit<WorkspaceView, "groups"> & {
  now: Date;
  /** Whether a run of its job is queued or at work. */
  isBuilding: boolean;
  groups: OwnGroup[];
  strategies: OwnStrategy[];
  /** On whose page and chart its columns can be looked at; null where nothing is published. */
  ticker: string | null;
};
