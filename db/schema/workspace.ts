import { jsonb, text } from "drizzle-orm/pg-core";
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
