import type { WorkspaceNodeKind } from "../../db/schema/workspace.ts";
import type { LoadedProject } from "../transform/project/assemble.ts";
import type { DataTest, Model, UnitTest } from "../transform/project/types.ts";

/*
 * Words. The *workspace* is the folder of the people's own dbt project, which lies over the shipped one. Its *nodes* are models, seeds,
 * snapshots and tests. Nodes that are connected by what they read of each other are a *group*: built, tested and published as one.
 */

/** What is wrong, and where: a file relative to the workspace. */
export type Fault = { message: string; file: string | null; line: number | null };

/** A fault that was found by reading, and the node that it is of. */
export type FoundFault = Fault & {
  node: string | null;
  /** Whether something would take the place of what is shipped. */
  clash: boolean;
};

export type WorkspaceNode = { id: string; name: string; kind: WorkspaceNodeKind; file: string };

export type WorkspaceGroup = {
  name: string;
  /** A hash of all that decides what it is made of. */
  version: string;
  nodes: WorkspaceNode[];
  /** With any of them nothing of the group can be built. */
  faults: FoundFault[];
  models: Model[];
  tests: DataTest[];
  unitTests: UnitTest[];
};

/** The workspace as it was read: what can be built of it is in `loaded`, with all that is shipped. */
export type Workspace = {
  loaded: LoadedProject;
  shipped: LoadedProject;
  groups: WorkspaceGroup[];
  /** Whether all of it could be read: what is missing in one that was not may be there. */
  isWhole: boolean;
};
