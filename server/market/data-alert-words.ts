import type { DataAlertOperator, DataAlertSubject } from "../../db/queries/market/data-alerts.ts";
import type { WorkspaceValue } from "../../db/queries/market/read-workspace-columns.ts";
import { boundText, formatIndicator } from "../../views/market/indicators.ts";
import { conditionsOf } from "./saved-screen-read.ts";
import { type ColumnName, isColumnName, kindOf, labelOf } from "./screener-request.ts";

/** How a comparison is told between a figure and its value. */
export const operatorWords: Record<DataAlertOperator, string> = {
  above: "above",
  below: "below",
  crosses_above: "crosses above",
  crosses_below: "crosses below",
  equals: "is",
};

/** A value that is waited for, as a person types it. */
export function valueText(column: ColumnName, { operator, value }: Pick<DataAlertSubject, "operator" | "value">) {
  return operator === "equals" ? (value ?? "") : boundText(kindOf(column), Number(value));
}

/** What an alert waits for, in the words of the screener: `RSI 14 below 30`. */
export function conditionOf(alert: DataAlertSubject & { screenQuery: string | null }): string {
  const { columnName, operator } = alert;
  if (columnName === null || operator === null) return conditionsOf(alert.screenQuery ?? "").join(", ");
  if (!isColumnName(columnName)) return `${columnName} ${operatorWords[operator]} ${alert.value}`;
  return `${labelOf(columnName)} ${operatorWords[operator]} ${valueText(columnName, alert)}`;
}

/** Values of some columns, in words: `RSI 14 28.4, Close 12.50`. */
export const figuresText = (columns: readonly ColumnName[], values: readonly WorkspaceValue[]): string =>
  columns.map((column, index) => `${labelOf(column)} ${formatIndicator(kindOf(column), values[index])}`).join(", ");
