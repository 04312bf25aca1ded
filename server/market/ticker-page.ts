import type { Sql } from "../../db/client.ts";
import { type BarRow, type DividendRow, isDollars, selectDividends } from "../../db/queries/market/read-bars.ts";
import { selectQuarantinedOf } from "../../db/queries/market/read-quarantines.ts";
import { selectRestatements } from "../../db/queries/market/read-restatements.ts";
import { indicatorsIn, martTables, selectMartColumns } from "../../db/queries/market/read-screen-columns.ts";
import { selectSecurityId } from "../../db/queries/market/read-securities.ts";
import { selectTickerProfile } from "../../db/queries/market/read-tickers.ts";
import { type ListedTicker, selectIndicators, selectListing } from "../../db/queries/market/read-universe.ts";
import { selectWithdrawn } from "../../db/queries/market/read-withdrawn.ts";
import { type ListedSplit, selectListedSplits } from "../../db/queries/market/splits.ts";
import { formatPrice } from "../../views/format.ts";
import type { ChartState } from "../../views/market/chart/state.ts";
import type { CorporateAction } from "../../views/market/corporate-actions.tsx";
import { indicatorGroups } from "../../views/market/indicators.ts";
import type { TickerStats, TickerView } from "../../views/market/ticker.tsx";
import type { IndicatorGroupView } from "../../views/market/ticker-indicators.tsx";
import type { AppContext } from "../context.ts";
import { readCatalogue } from "./chart-catalogue.ts";
import { indicatorOf, orderedIndicators } from "./screener-indicators.ts";
import { readBars, readChartOf } from "./ticker-chart.ts";
import { type AskedHolder, findHolder, type PageHolder, readSecurity } from "./ticker-security.ts";
import { readWorkspace } from "./workspace-columns.ts";
import { readWorkspaceGroups } from "./workspace-ticker.ts";

const sessionsShown = 30;
const dividendsShown = 24;
const splitsShown = 100;
const correctionsShown = 12;

/** Which of a label's holders is asked for, and how its chart is to be. */
export type TickerQuery = AskedHolder & { state: ChartState };

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
    readBars(context, holder, query.state.isAdjusted),
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
  const state = { ...query.state, security: holder.isNewest ? null : holder.security };
  const [data, catalogue] = await Promise.all([
    readChartOf(context, { ticker, holder, state, bars }),
    readCatalogue(context, holder),
  ]);
  return {
    ticker,
    name: security?.profile.name ?? (isPresent ? (profile?.name ?? null) : null),
    type: security?.profile.type ?? (isPresent ? (profile?.type ?? null) : null),
    status: security?.profile.status ?? (profile?.active === false ? "delisted" : "listed"),
    exchange: isPresent ? (profile?.primaryExchange ?? null) : null,
    delistedOn: security?.profile.delistedOn ?? (isPresent ? (profile?.delistedOn ?? null) : null),
    security: security?.view ?? null,
    isNewest: holder.isNewest,
    ...(isPresent ? marts : { listing: null }),
    indicators: isPresent ? [...marts.indicators, ...own] : [],
    stats,
    chart: { state, data, catalogue },
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
