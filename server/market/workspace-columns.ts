import type { Logger } from "pino";
import type { Sql } from "../../db/client.ts";
import { isQueryCancelled, isTransientDatabaseError, statementError } from "../../db/errors.ts";
import {
  selectWorkspaceColumns,
  type WorkspaceColumn,
  type WorkspaceName,
} from "../../db/queries/market/read-workspace-columns.ts";
import type { Indicator } from "../../views/market/indicators.ts";
import { HttpError } from "../http/errors.ts";
import { nearest } from "../http/nearest.ts";
import type { Snapshots } from "../http/snapshots.ts";

/** The columns of the people's own models that are offered, in the order of their models. */
export type Workspace = ReadonlyMap<string, WorkspaceColumn>;

/** What reading the market takes. */
export type MarketReader = { read: Sql; snapshots: Snapshots };

/** Whether a text is written as the name of such a column; whether there is one is another question. */
export const isWorkspaceName = (text: string): text is WorkspaceName => /^\w{1,63}\.\w{1,63}$/.test(text);

/** What is offered now. `hasSecurities`: whether the tables beside them know securities, without which nothing keyed by those can be found. */
export async function readWorkspace(context: MarketReader, hasSecurities: boolean): Promise<Workspace> {
  const columns = await context.snapshots.of("workspace columns", () => selectWorkspaceColumns(context.read));
  const found = columns.filter(({ relation }) => hasSecurities || relation.grain !== "security_session");
  return new Map(found.map((column) => [column.name, column]));
}

/** A column as pages show it: by its own name, with its model's where another model has one of that name. */
export function workspaceIndicator(column: WorkspaceColumn, workspace: Workspace): Indicator {
  const { model, description } = column.relation;
  const isAlone = ![...workspace.values()].some(
    (other) => other.column === column.column && other.relation.model !== model,
  );
  return {
    column: column.name,
    kind: column.kind === "number" ? "plain" : column.kind,
    group: `Workspace: ${model}`,
    label: isAlone ? column.column : column.name,
    hint: column.description || description || `${column.column} of the model ${model}`,
  };
}

const furthestSlip = 4;

/** Why a column that an address names is not there, and what to do. */
export function whyNotOffered(name: WorkspaceName, workspace: Workspace): string {
  const [model = ""] = name.split(".");
  const siblings = [...workspace.values()].filter(({ relation }) => relation.model === model);
  const close = nearest(name, [...workspace.keys()], furthestSlip);
  const meant = close === undefined ? "" : ` Did you mean ${close}?`;
  if (siblings.length === 0) {
    return `${name} is not there: no published model of the workspace called ${model} has columns to offer.${meant || " Publish it, or leave the column out."}`;
  }
  const list = siblings.map((sibling) => sibling.name).join(", ");
  return `${name} is not there: ${model} has no such column to offer; it has ${list}.${meant || " Leave the column out."}`;
}

/** What the people's own model answered, in place of its rows: a view may divide by zero, or take too long. The message is for people. */
export class UnreadableModelError extends HttpError {
  constructor(message: string) {
    super(422, "invalid", message);
  }
}

/** The error of a statement that reads some models, told as theirs where what they wrote may be why. */
export function asModelError(error: unknown, models: readonly string[]): unknown {
  if (models.length === 0) return error;
  const names = [...new Set(models)].join(", ");
  if (isQueryCancelled(error)) {
    return new UnreadableModelError(`${names} took too long to read. Make it a table with an index on its key.`);
  }
  const reason = statementError(error);
  return reason === null ? error : new UnreadableModelError(`${names} cannot be read: ${reason}.`);
}

/**
 * Why what was asked of some columns cannot be told, for who reads it later: the model's fault where it may be one, else something for the log. An outage
 * of the database is nobody's problem: it is thrown, and what was asked is asked again.
 */
export function toProblem(error: unknown, columns: readonly string[], log: Pick<Logger, "error">): string {
  if (isTransientDatabaseError(error)) throw error;
  const models = columns.filter(isWorkspaceName).map((name) => name.split(".")[0] ?? name);
  const told = asModelError(error, models);
  if (told instanceof UnreadableModelError) return told.message;
  log.error({ err: error }, "an alert on data could not be checked");
  return "It could not be read; the log says why.";
}
