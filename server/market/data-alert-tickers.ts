import type { DueDataAlert } from "../../db/queries/market/data-alert-checks.ts";
import { selectLabelsNow, selectNewestValues } from "../../db/queries/market/read-checked-tickers.ts";
import type { WorkspaceValue } from "../../db/queries/market/read-workspace-columns.ts";
import type { CheckedTicker, DataFinding } from "../../jobs/alerts/data-crossings.ts";
import { tickerHref } from "../../views/ticker-href.ts";
import type { CheckContext } from "./data-alert-screens.ts";
import { conditionOf, figuresText } from "./data-alert-words.ts";
import { columnOf, whyMissing } from "./screener-read.ts";
import { type ColumnName, isColumnName, labelOf } from "./screener-request.ts";
import { toProblem } from "./workspace-columns.ts";

type Asked = { alert: DueDataAlert; column: ColumnName; ticker: string };

/** Why a column cannot be compared as an alert does; null where it can. */
function whyUnasked(column: string, operator: DueDataAlert["operator"], { available }: CheckContext): string | null {
  if (!isColumnName(column)) return `There is no column ${column} any more.`;
  const own = available.workspace.get(column);
  const isKnown = own !== undefined || (available.latest as readonly string[]).includes(column);
  if (!isKnown) return whyMissing(column, available);
  const isNumber = (own?.kind ?? "number") === "number";
  if (isNumber === (operator !== "equals")) return null;
  return isNumber ? `${column} is a number now: say above or below what.` : `${column} is no number any more.`;
}

function isInside({ operator, value }: DueDataAlert, found: string | number | boolean): boolean {
  if (operator === "equals") return String(found) === value;
  const isAbove = operator === "above" || operator === "crosses_above";
  return isAbove ? Number(found) > Number(value) : Number(found) < Number(value);
}

function findingOf(alert: DueDataAlert, checked: CheckedTicker, column: ColumnName, session: string): DataFinding {
  const [value = null] = checked.values;
  if (value === null) {
    return { problem: `${checked.ticker} has no ${labelOf(column)} in the session of ${session}.` };
  }
  const inside = isInside(alert, value);
  return {
    problem: null,
    inside: inside ? [checked] : [],
    outside: inside ? [] : [checked],
    condition: conditionOf({ ...alert, screenQuery: null }),
    figuresOf: ({ values }) => figuresText([column], values),
    query: null,
    path: tickerHref(checked.ticker),
  };
}

/** What tickers' figures say: one query for all indicators, and one for each model of the workspace, which may fail alone. */
export async function checkTickers(
  alerts: readonly DueDataAlert[],
  context: CheckContext,
): Promise<Map<number, DataFinding>> {
  const findings = new Map<number, DataFinding>();
  const labels = await selectLabelsNow(
    context.read,
    alerts.flatMap(({ securityId }) => securityId ?? []),
  );
  const asked: Asked[] = [];
  for (const alert of alerts) {
    const { columnName, operator, securityId, ticker } = alert;
    const column = columnName ?? "";
    const why = whyUnasked(column, operator, context);
    if (why !== null) findings.set(alert.id, { problem: why });
    else asked.push({ alert, column: column as ColumnName, ticker: labels.get(securityId ?? "") ?? ticker ?? "" });
  }
  const sources = Map.groupBy(asked, ({ column }) => context.available.workspace.get(column)?.relation.model ?? null);
  for (const some of sources.values()) await checkSource(some, context, findings);
  return findings;
}

async function checkSource(asked: readonly Asked[], context: CheckContext, findings: Map<number, DataFinding>) {
  const { read, log, session, available } = context;
  const columns = [...new Set(asked.map(({ column }) => column))];
  const tickers = [...new Set(asked.map(({ ticker }) => ticker))];
  const shown = columns.map((column) => columnOf(column, available.workspace));
  const rows = await selectNewestValues(read, session, tickers, shown).catch((error) => toProblem(error, columns, log));
  const values = new Map<string, WorkspaceValue[]>(
    typeof rows === "string" ? [] : rows.map((row) => [row.ticker, row.values]),
  );
  for (const { alert, column, ticker } of asked) {
    const found = values.get(ticker);
    const checked = { key: alert.securityId ?? ticker, ticker, values: [found?.[columns.indexOf(column)] ?? null] };
    const finding =
      typeof rows === "string"
        ? { problem: rows }
        : found === undefined
          ? { problem: `${ticker} has no bar in the session of ${session}.` }
          : findingOf(alert, checked, column, session);
    findings.set(alert.id, finding);
  }
}
