import { isQueryCancelled, statementError } from "../../db/errors.ts";
import {
  selectWorkspaceColumns,
  type WorkspaceColumn,
  type WorkspaceName,
} from "../../db/queries/market/read-workspace-columns.ts";
import type { Indicator } from "../../views/market/indicators.ts";
import type { AppContext } from "../context.ts";
import { HttpError } from "../http/errors.ts";
import { nearest } from "../http/nearest.ts";

/** The columns of the people's own models that are offered, in the order of their models. */
export type Workspace = ReadonlyMap<string, WorkspaceColumn>;

/** Whether a text is written as the name of such a column; whether there is one is another question. */
export const isWorkspaceName = (text: string): text is WorkspaceName => /^\w{1,63}\.\w{1,63}$/.test(text);

/** What is offered now. `hasSecurities`: whether the tables beside them know securities, without which nothing keyed by those can be found. */
export async function readWorkspace(context: AppContext, hasSecurities: boolean): Promise<Workspace> {
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
