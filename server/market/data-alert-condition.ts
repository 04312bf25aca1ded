import type { DataAlertSubject } from "../../db/queries/market/data-alerts.ts";
import { isIndicator, martTables, selectMartColumns } from "../../db/queries/market/read-screen-columns.ts";
import { RequestError } from "../../jobs/orchestrator/types.ts";
import { isColumnName, numberAllowed, parseAmount } from "./screener-request.ts";
import { type MarketReader, readWorkspace, type Workspace, whyNotOffered } from "./workspace-columns.ts";

/** A figure of a ticker and what it is compared with. */
export type Condition = Pick<DataAlertSubject, "columnName" | "operator" | "value">;

export type AskedCondition = {
  column?: string | undefined;
  operator?: DataAlertSubject["operator"] | undefined;
  value?: string | undefined;
};

export const longestValue = 200;

const refuse = (message: string, field: string) => new RequestError("invalid", message, field);

/** The columns of the people's own models that an alert can look at. */
export async function readOwnColumns(market: MarketReader): Promise<Workspace> {
  const { facts } = martTables;
  const columns = await selectMartColumns(market.read, [facts]);
  return await readWorkspace(market, columns.get(facts)?.has("security_id") ?? false);
}

async function readKind(market: MarketReader, column: string): Promise<"number" | "text" | "boolean"> {
  if (!isColumnName(column)) throw refuse(`“${column.slice(0, 60)}” is no column.`, "column");
  if (isIndicator(column)) return "number";
  const workspace = await readOwnColumns(market);
  const found = workspace.get(column);
  if (found === undefined) throw refuse(whyNotOffered(column, workspace), "column");
  return found.kind;
}

/** The condition as it is kept: numbers as fractions, where percentages are typed. Throws a RequestError that names the field. */
export async function checkCondition(market: MarketReader, asked: AskedCondition): Promise<Condition> {
  const { column = "", operator, value = "" } = asked;
  if (column === "") throw refuse("Say which figure it is about.", "column");
  const kind = await readKind(market, column);
  if (!operator) throw refuse("Say how it is compared.", "operator");
  if ((kind === "number") === (operator === "equals")) {
    const allowed =
      kind === "number"
        ? "A number is above or below a value, or crosses it."
        : "A text, or yes and no, equals a value.";
    throw refuse(allowed, "operator");
  }
  const text = value
    .toWellFormed()
    .normalize("NFC")
    .replaceAll(/\p{Cc}/gu, " ")
    .trim();
  if (text === "") throw refuse("Say with what it is compared.", "value");
  if (text.length > longestValue) throw refuse(`A value has at most ${longestValue} characters.`, "value");
  if (kind === "text") return { columnName: column, operator, value: text };
  if (kind === "boolean") {
    if (text !== "true" && text !== "false") throw refuse("It is true or false.", "value");
    return { columnName: column, operator, value: text };
  }
  const amount = parseAmount(text);
  if (amount === null) throw refuse(`It ${numberAllowed}.`, "value");
  return { columnName: column, operator, value: String(amount) };
}
