import { bigint, boolean, doublePrecision, integer, jsonb, text } from "drizzle-orm/pg-core";
import { barline, instant } from "./columns.ts";

/** What a row of a published workspace relation stands for, by the columns that key it: where its columns can be shown. */
export type WorkspaceGrain = "ticker_session" | "security_session" | "ticker" | "other";

/** A column as pages offer it; `kind` is null where it is neither a number, a text nor a boolean. */
export type WorkspaceColumn = {
  name: string;
  kind: "number" | "text" | "boolean" | null;
  sqlType: string;
  description: string;
};

/** The relations of the people's own models that are published, each written in the transaction that publishes it. */
export const workspaceRelations = barline.table("workspace_relations", {
  /** Of the node in the project. */
  name: text("name").primaryKey(),
  schema: text("schema").notNull(),
  relation: text("relation").notNull(),
  grain: text("grain").$type<WorkspaceGrain>().notNull(),
  description: text("description").notNull(),
  columns: jsonb("columns").$type<WorkspaceColumn[]>().notNull(),
  /** Of the connected nodes that are published with it. */
  groupName: text("group_name").notNull(),
  publishedAt: instant("published_at").notNull(),
});

/**
 * How connected nodes of the workspace stand. `refused`: one of them would stand where something shipped does; `waiting`: what they read is
 * not published yet, or a publication went before them.
 */
export type WorkspaceGroupState = "published" | "failed" | "timed_out" | "refused" | "waiting";

/** The groups as the newest run left them; a file that nothing can be read from is one without nodes. */
export const workspaceGroups = barline.table("workspace_groups", {
  /** The first of its nodes by name, or the file's path. */
  name: text("name").primaryKey(),
  state: text("state").$type<WorkspaceGroupState>().notNull(),
  /** What is wrong, for people; null where nothing is. */
  error: text("error"),
  /** Where that is, relative to the workspace; null where nobody knows. */
  errorFile: text("error_file"),
  errorLine: integer("error_line"),
  /** A hash of all files that decide what it is made of. */
  version: text("version").notNull(),
  /** When its state was found. */
  checkedAt: instant("checked_at").notNull(),
  publishedAt: instant("published_at"),
  durationMs: doublePrecision("duration_ms"),
  runId: bigint("run_id", { mode: "number" }),
});

export type WorkspaceNodeKind = "model" | "seed" | "snapshot" | "test";

/** How a node of the workspace stands: as its group does, but for those that are no fault of their own (`skipped`). */
export type WorkspaceNodeState = WorkspaceGroupState | "skipped";

/** The nodes of the groups. */
export const workspaceNodes = barline.table("workspace_nodes", {
  /** As dbt has it: `model.workspace.z_score`. */
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  kind: text("kind").$type<WorkspaceNodeKind>().notNull(),
  /** Relative to the workspace. */
  file: text("file").notNull(),
  groupName: text("group_name").notNull(),
  state: text("state").$type<WorkspaceNodeState>().notNull(),
  error: text("error"),
  errorFile: text("error_file"),
  errorLine: integer("error_line"),
  /** Something to know that stops nothing: rows repeat by the columns that would key it. */
  note: text("note"),
  /** Of the last build that got to it. */
  builtAt: instant("built_at"),
  durationMs: doublePrecision("duration_ms"),
  rows: bigint("rows", { mode: "number" }),
  runId: bigint("run_id", { mode: "number" }),
  testsPassed: integer("tests_passed").notNull(),
  testsFailed: integer("tests_failed").notNull(),
});

/** One row: what was read of the workspace last. */
export const workspaceReadings = barline.table("workspace_readings", {
  only: boolean("only").primaryKey().default(true),
  /** A hash of all its files; null where the folder could not be read. */
  version: text("version"),
  problem: text("problem"),
  readAt: instant("read_at").notNull(),
});
