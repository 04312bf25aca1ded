import {
  type DataAlertRow,
  selectCrossings,
  selectDataAlert,
  selectDataAlerts,
} from "../../db/queries/market/data-alerts.ts";
import { selectLabelsNow } from "../../db/queries/market/read-checked-tickers.ts";
import { selectSavedScreens } from "../../db/queries/market/saved-screens.ts";
import { deletedScenarioDays } from "../../jobs/housekeeping/retention.ts";
import type {
  DataAlertDraft,
  DataAlertForm,
  DataAlertList,
  DataAlertPage,
  DataAlertView,
} from "../../views/market/data-alert-types.ts";
import { indicatorGroups } from "../../views/market/indicators.ts";
import { tickerHref } from "../../views/ticker-href.ts";
import type { AppContext } from "../context.ts";
import { readOwnColumns } from "./data-alert-condition.ts";
import { conditionOf, valueText } from "./data-alert-words.ts";
import { noDataAlert } from "./data-alerts.ts";
import { conditionsOf, savedScreenUrl } from "./saved-screen-read.ts";
import { indicatorOf, orderedIndicators } from "./screener-indicators.ts";
import { isColumnName } from "./screener-request.ts";

const deletedShown = 20;
const crossingsShown = 100;
const dayMs = 86_400_000;

function lastOf({ lastCrossing, ticker }: DataAlertRow): DataAlertView["last"] {
  if (lastCrossing === null) return null;
  const { session, direction, tickers, count } = lastCrossing;
  const others = count - tickers.length;
  const names = `${tickers.join(", ")}${others > 0 ? ` and ${others} more` : ""}`;
  return { session, text: ticker === null ? `${names} ${direction}` : names };
}

function viewOf(row: DataAlertRow, labels: ReadonlyMap<string, string>): DataAlertView {
  const label = row.ticker === null ? null : (labels.get(row.securityId ?? "") ?? row.ticker);
  const screen =
    row.screenName === null ? null : { label: row.screenName, href: savedScreenUrl(row.screenQuery ?? "") };
  return {
    ...{ id: row.id, name: row.name, paused: row.paused, problem: row.problem, inside: row.inside },
    subject: label === null ? screen : { label, href: tickerHref(label) },
    isScreen: row.ticker === null,
    condition: conditionOf(row),
    ...{ tellsLeaving: row.tellsLeaving, tellsAtOnce: row.tellsAtOnce },
    ...{ checkedAt: row.checkedAt, checkedSession: row.checkedSession, last: lastOf(row) },
    ...{ createdAt: row.createdAt, createdBy: row.createdBy },
  };
}

const labelsOf = (read: AppContext["read"], rows: readonly DataAlertRow[]) =>
  selectLabelsNow(
    read,
    rows.flatMap(({ securityId }) => securityId ?? []),
  );

/** The alerts on data; `undo` is the one that was deleted just now, where it still is. */
export async function readDataAlerts({ read }: Pick<AppContext, "read">, undo: number | null): Promise<DataAlertList> {
  const [rows, deleted] = await Promise.all([selectDataAlerts(read), selectDataAlerts(read, true)]);
  const labels = await labelsOf(read, rows);
  const undone = deleted.find(({ id }) => id === undo);
  return {
    alerts: rows.map((row) => viewOf(row, labels)),
    deleted: deleted
      .slice(0, deletedShown)
      .flatMap(({ id, name, deletedAt }) =>
        deletedAt === null
          ? []
          : [{ id, name, deletedAt, goneAt: new Date(deletedAt.getTime() + deletedScenarioDays * dayMs) }],
      ),
    undo: undone ? { id: undone.id, name: undone.name } : null,
  };
}

/** What the forms offer, with what was typed and what is wrong with it. */
export async function readAlertForm(
  context: Pick<AppContext, "read" | "snapshots">,
  draft: DataAlertDraft,
  errors: Record<string, string> = {},
): Promise<DataAlertForm> {
  const [workspace, screens] = await Promise.all([readOwnColumns(context), selectSavedScreens(context.read)]);
  const indicators = orderedIndicators.map(indicatorOf);
  const own = Map.groupBy(workspace.values(), ({ relation }) => `Workspace: ${relation.model}`);
  return {
    draft,
    errors,
    columns: [
      ...indicatorGroups.map((group) => ({
        group,
        columns: indicators
          .filter((indicator) => indicator.group === group)
          .map(({ column, label }) => ({ name: column, label })),
      })),
      ...[...own].map(([group, columns]) => ({ group, columns: columns.map(({ name }) => ({ name, label: name })) })),
    ],
    screens: screens.map(({ id, name }) => ({ id, name })),
    queryText: conditionsOf(draft.query).join(", "),
  };
}

/** An alert as its form shows it before anything is typed. */
function draftOf(row: DataAlertRow): DataAlertDraft {
  const { columnName } = row;
  const value = columnName !== null && isColumnName(columnName) ? valueText(columnName, row) : (row.value ?? "");
  return {
    kind: row.ticker === null ? "screen" : "ticker",
    ...{ name: row.name, ticker: row.ticker ?? "", column: columnName ?? "", operator: row.operator ?? "", value },
    ...{ screen: String(row.screenId ?? ""), query: "", tellLeaving: row.tellsLeaving, tellAtOnce: row.tellsAtOnce },
  };
}

/** One alert on data, with who crossed; a deleted one is not to be seen. */
export async function readDataAlert(
  context: AppContext,
  id: number,
  said: { before: number | null; draft?: DataAlertDraft; errors?: Record<string, string> },
): Promise<DataAlertPage> {
  const { read } = context;
  const row = await selectDataAlert(read, id);
  if (row === null || row.deletedAt !== null) throw noDataAlert(id);
  const [labels, form, found] = await Promise.all([
    labelsOf(read, [row]),
    readAlertForm(context, said.draft ?? draftOf(row), said.errors),
    selectCrossings(read, id, { before: said.before, limit: crossingsShown + 1 }),
  ]);
  const crossings = found.slice(0, crossingsShown);
  return {
    alert: viewOf(row, labels),
    form,
    crossings,
    isFirstPage: said.before === null,
    older: found.length > crossingsShown ? (crossings.at(-1)?.id ?? null) : null,
    hasChannels: context.alerts.channels.length > 0,
  };
}
