import type { Sql } from "../../db/client.ts";
import {
  type BarRow,
  type DividendRow,
  isDollars,
  selectAdjustedBars,
  selectDividends,
  selectSplits,
  selectUnadjustedBars,
} from "../../db/queries/market/read-bars.ts";
import { selectQuarantinedOf } from "../../db/queries/market/read-quarantines.ts";
import { selectRestatements } from "../../db/queries/market/read-restatements.ts";
import { indicatorsIn, martTables, selectMartColumns } from "../../db/queries/market/read-screen-columns.ts";
import { selectSecurityId } from "../../db/queries/market/read-securities.ts";
import { selectTickerProfile } from "../../db/queries/market/read-tickers.ts";
import { type ListedTicker, selectIndicators, selectListing } from "../../db/queries/market/read-universe.ts";
import { hasMart } from "../../db/queries/market/read-warehouse.ts";
import { selectWithdrawn } from "../../db/queries/market/read-withdrawn.ts";
import { type ListedSplit, selectListedSplits } from "../../db/queries/market/splits.ts";
import { formatPrice } from "../../views/format.ts";
import type { ChartData } from "../../views/market/chart-data.ts";
import type { CorporateAction } from "../../views/market/corporate-actions.tsx";
import { indicatorGroups } from "../../views/market/indicators.ts";
import { ranges, type TickerStats, type TickerView } from "../../views/market/ticker.tsx";
import type { IndicatorGroupView } from "../../views/market/ticker-indicators.tsx";
import type { AppContext } from "../context.ts";
import { indicatorOf, orderedIndicators } from "./screener-indicators.ts";
import { type AskedHolder, findHolder, type PageHolder, readSecurity } from "./ticker-security.ts";
import { readWorkspace } from "./workspace-columns.ts";
import { readWorkspaceGroups } from "./workspace-ticker.ts";

const sessionsShown = 30;
const dividendsShown = 24;
const splitsShown = 100;
const correctionsShown = 12;

export type TickerQuery = AskedHolder & { isAdjusted: boolean; range: string };

/** Every published bar of a security, or of a label, ascending; none before the first publication. */
async function readBars(context: AppContext, holder: PageHolder, isAdjusted: boolean): Promise<BarRow[]> {
  if (!(await hasMart(context.read))) return [];
  const whole = { ...holder, from: null, to: null };
  return isAdjusted ? selectAdjustedBars(context.read, whole) : selectUnadjustedBars(context.read, whole);
}

/** An ISO date `months` earlier; the last day of a shorter month where the day does not exist in it. */
function monthsBefore(date: string, months: number): string {
  const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
  const lastDay = new Date(Date.UTC(year, month - months, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 - months, Math.min(day, lastDay))).toISOString().slice(0, 10);
}

const monthsOf: Record<string, number> = { "1m": 1, "3m": 3, "6m": 6, "1y": 12, "5y": 60 };

/** The first date of a range that ends at `last`. */
export function rangeStart(range: string, last: string): string {
  if (range === "all") return "0001-01-01";
  if (range === "ytd") return `${last.slice(0, 4)}-01-01`;
  return monthsBefore(last, monthsOf[range] ?? 12);
}

/** The range asked for, where there is one of that name; else a year. */
export const rangeOf = (text: string | undefined) => ranges.find((range) => range === text) ?? "1y";

/** Sessions of 52 weeks, as the models count them. */
const yearSessions = 252;

/** Key figures of a ticker's history; null without one. */
function statsOf(bars: BarRow[]): TickerStats | null {
  const last = bars.at(-1);
  const first = bars[0];
  if (!last || !first) return null;
  const previous = bars.at(-2);
  // Of whoever has not traded for a year nobody knows its range, here as in the market's breadth.
  const year = bars.length > yearSessions ? bars.slice(-yearSessions) : null;
  const recent = bars.slice(-20);
  return {
    date: last.date,
    close: last.close,
    change: previous ? last.close - previous.close : null,
    return1d: last.return1d,
    sessions: bars.length,
    firstDate: first.date,
    yearHigh: year && Math.max(...year.map((bar) => bar.high)),
    yearLow: year && Math.min(...year.map((bar) => bar.low)),
    averageVolume: recent.reduce((sum, bar) => sum + bar.volume, 0) / recent.length,
    volatility: last.volatility,
    ma20: last.ma20,
    ma50: last.ma50,
    ma120: last.ma120,
  };
}

/** The indicators of a ticker's last bar, and when it was listed: as far as the published tables tell. */
async function readMarts(
  { read }: AppContext,
  ticker: string,
): Promise<{ indicators: IndicatorGroupView[]; listing: ListedTicker | null }> {
  const { facts, latest, tickers } = martTables;
  const tables = await selectMartColumns(read, [facts, latest, tickers]);
  // An earlier build has the facts alone, and they have fewer indicators.
  const table = tables.has(latest) ? latest : facts;
  const known = indicatorsIn(tables.get(table) ?? new Set());
  const columns = orderedIndicators.filter((column) => known.includes(column));
  const [values, listing] = await Promise.all([
    columns.length > 0 ? selectIndicators(read, table, ticker, columns) : null,
    tables.has(tickers) ? selectListing(read, ticker) : null,
  ]);
  const told = columns.map((column, index) => ({ ...indicatorOf(column), value: values?.[index] ?? null }));
  const groups = indicatorGroups.map((group) => ({
    group,
    indicators: told.filter((indicator) => indicator.group === group),
  }));
  return { indicators: values === null ? [] : groups.filter(({ indicators }) => indicators.length > 0), listing };
}

const asideWords: Record<NonNullable<ListedSplit["setAside"]>, string> = {
  type: "set aside: its type contradicts its ratio",
  ratio: "set aside: its ratio is beyond belief",
  prices: "set aside: the prices deny it",
  hand: "set aside by hand",
};

const tellSplit = ({ ticker, date, splitFrom, splitTo, setAside }: ListedSplit): CorporateAction => ({
  ...{ ticker, date, text: `${splitTo} for ${splitFrom}` },
  aside: setAside === null ? null : { why: asideWords[setAside], href: "/quality#splits" },
});

/** Cash is told in its own currency; only dollars count. The usual kind needs no word. */
const tellDividend = ({ ticker, date, cash, currency, type }: DividendRow): CorporateAction => ({
  ...{
    ticker,
    date,
    text: `${formatPrice(cash)} ${currency ?? ""}${type === null || type === "recurring" ? "" : `, ${type}`}`,
  },
  aside: isDollars(currency) ? null : { why: "not in dollars, and not counted", href: null },
});

/** Everything that a ticker's page shows; null where neither the universe nor the bars know it. */
export async function readTickerPage(
  context: AppContext,
  ticker: string,
  query: TickerQuery,
): Promise<TickerView | null> {
  const { read } = context;
  const holder = await findHolder(read, ticker, query);
  const security = await readSecurity(read, holder);
  // Of the newest label, as the older ones' last bars are of the past.
  const label = security?.view.ticker ?? ticker;
  const shown = { ...holder, from: null, to: null, limit: correctionsShown };
  const [profile, marts, bars, splits, dividends, restatements, withdrawn, held] = await Promise.all([
    selectTickerProfile(read, label),
    readMarts(context, label),
    readBars(context, holder, query.isAdjusted),
    selectListedSplits(read, { ...holder, doubted: false, setAside: null }, splitsShown),
    selectDividends(read, holder),
    selectRestatements(read, shown),
    selectWithdrawn(read, shown),
    selectQuarantinedOf(read, holder),
  ]);
  // The list of tickers tells of the label's present holder only.
  const isPresent = security === null || (await isNewestHolder(read, security.view));
  const stats = statsOf(bars);
  if (!profile && !stats) return null;
  const own = isPresent ? await readOwn(context, holder, label, bars.at(-1)) : [];
  const from = stats ? rangeStart(query.range, stats.date) : "";
  return {
    ticker,
    name: security?.profile.name ?? (isPresent ? (profile?.name ?? null) : null),
    type: security?.profile.type ?? (isPresent ? (profile?.type ?? null) : null),
    status: security?.profile.status ?? (profile?.active === false ? "delisted" : "listed"),
    exchange: isPresent ? (profile?.primaryExchange ?? null) : null,
    delistedOn: security?.profile.delistedOn ?? (isPresent ? (profile?.delistedOn ?? null) : null),
    security: security?.view ?? null,
    isNewest: holder.isNewest,
    isAdjusted: query.isAdjusted,
    range: query.range,
    ...(isPresent ? marts : { listing: null }),
    indicators: isPresent ? [...marts.indicators, ...own] : [],
    stats,
    points: bars.filter((bar) => bar.date >= from).map(({ date, close }) => ({ date, close })),
    sessions: bars.slice(-sessionsShown).reverse(),
    splits: splits.map(tellSplit),
    dividends: dividends.slice(-dividendsShown).reverse().map(tellDividend),
    restatements,
    withdrawn,
    quarantined: held,
  };
}

/** What the people's own models tell of the last bar. */
async function readOwn(context: AppContext, { security }: PageHolder, newestLabel: string, bar: BarRow | undefined) {
  if (bar === undefined) return [];
  const workspace = await readWorkspace(context, security !== null);
  return await readWorkspaceGroups(context, workspace, { session: bar.date, label: bar.ticker, security, newestLabel });
}

/** Whether a security's newest label is still its own. */
const isNewestHolder = async (read: Sql, { ticker, securityId }: { ticker: string; securityId: string }) =>
  (await selectSecurityId(read, ticker)) === securityId;

/** A whole history in columns: a third of the size of rows, and what the chart takes. */
export async function readChart(
  context: AppContext,
  ticker: string,
  { isAdjusted, ...asked }: Omit<TickerQuery, "range">,
): Promise<ChartData> {
  const holder = await findHolder(context.read, ticker, asked);
  const [bars, splits, dividends] = await Promise.all([
    readBars(context, holder, isAdjusted),
    selectSplits(context.read, holder),
    selectDividends(context.read, holder),
  ]);
  return {
    ticker,
    adjusted: isAdjusted,
    date: bars.map((bar) => bar.date),
    open: bars.map((bar) => bar.open),
    high: bars.map((bar) => bar.high),
    low: bars.map((bar) => bar.low),
    close: bars.map((bar) => bar.close),
    volume: bars.map((bar) => bar.volume),
    ma20: bars.map((bar) => bar.ma20),
    ma50: bars.map((bar) => bar.ma50),
    ma120: bars.map((bar) => bar.ma120),
    splits,
    dividends,
    names: bars.flatMap(({ date, ticker: label }, index) => {
      const before = bars[index - 1]?.ticker ?? label;
      return before === label ? [] : [{ date, from: before, to: label }];
    }),
  };
}
