import type { Sql } from "../../db/client.ts";
import {
  type BarRow,
  selectAdjustedBars,
  selectDividends,
  selectSplits,
  selectUnadjustedBars,
} from "../../db/queries/market/read-bars.ts";
import { selectCorrectedSessions } from "../../db/queries/market/read-restatements.ts";
import { isIndicator } from "../../db/queries/market/read-screen-columns.ts";
import { selectSeries } from "../../db/queries/market/read-series.ts";
import { hasMart } from "../../db/queries/market/read-warehouse.ts";
import type { ChartState } from "../../views/market/chart/state.ts";
import type { ChartData, ChartSeries } from "../../views/market/chart-data.ts";
import type { AppContext } from "../context.ts";
import { chartIndicatorOf, readChartColumns } from "./chart-catalogue.ts";
import { type AskedHolder, findHolder, type PageHolder } from "./ticker-security.ts";
import { readWorkspaceSeries } from "./workspace-chart.ts";

/** Every published bar of a security, or of a label, ascending; none before the first publication. */
export async function readBars(context: AppContext, holder: PageHolder, isAdjusted: boolean): Promise<BarRow[]> {
  if (!(await hasMart(context.read))) return [];
  const whole = { ...holder, from: null, to: null };
  return isAdjusted ? selectAdjustedBars(context.read, whole) : selectUnadjustedBars(context.read, whole);
}

/** Values by session in the order of `dates`: what was read a moment later may have a session more, or fewer. */
function alignTo(dates: readonly string[], rows: readonly (readonly [string, ...(number | null)[]])[], column: number) {
  const byDate = new Map(rows.map((row) => [row[0], (row[column] as number | null | undefined) ?? null]));
  return dates.map((date) => byDate.get(date) ?? null);
}

/** The indicators of a state that the published facts have, without those that the bars have themselves. */
async function readIndicators(
  read: Sql,
  holder: PageHolder,
  state: ChartState,
  dates: string[],
): Promise<ChartSeries[]> {
  const known = new Set(await readChartColumns(read));
  const columns = state.indicators.filter(isIndicator).filter((column) => known.has(column) && column !== "volume");
  const rows = columns.length > 0 ? await selectSeries(read, holder, columns, state.isAdjusted) : [];
  return columns.map((column, index) => ({
    ...chartIndicatorOf(column),
    values: alignTo(dates, rows, index + 1),
  }));
}

/** The closes of the compared tickers in the given sessions, each of whoever has its label. */
async function readCompared(read: Sql, tickers: readonly string[], dates: string[]): Promise<ChartData["compare"]> {
  return await Promise.all(
    tickers.map(async (ticker) => {
      const holder = await findHolder(read, ticker, {});
      return { ticker, close: alignTo(dates, await selectSeries(read, holder, ["close_price"], true), 1) };
    }),
  );
}

/** What a chart is read for; `bars` are those of the holder, as adjusted as the state says. */
export type ChartRequest = { ticker: string; holder: PageHolder; state: ChartState; bars: BarRow[] };

/** Everything that the chart of a state shows, in columns: a third of the size of rows. */
export async function readChartOf(context: AppContext, request: ChartRequest): Promise<ChartData> {
  const { read } = context;
  const { ticker, holder, state, bars } = request;
  const date = bars.map((bar) => bar.date);
  const isPublished = bars.length > 0;
  const [splits, dividends, corrections, indicators, own, compared] = await Promise.all([
    selectSplits(read, holder),
    selectDividends(read, holder),
    selectCorrectedSessions(read, holder),
    isPublished ? readIndicators(read, holder, state, date) : [],
    readWorkspaceSeries(context, holder, { asked: isPublished ? state.indicators : [], dates: date }),
    isPublished ? readCompared(read, state.compare, date) : [],
  ]);
  const hasBars = ({ close }: ChartData["compare"][number]) => close.some((value) => value !== null);
  return {
    ticker,
    adjusted: state.isAdjusted,
    date,
    open: bars.map((bar) => bar.open),
    high: bars.map((bar) => bar.high),
    low: bars.map((bar) => bar.low),
    close: bars.map((bar) => bar.close),
    volume: bars.map((bar) => bar.volume),
    indicators: [...indicators, ...own.series],
    problems: own.problems,
    compare: compared.filter(hasBars),
    unknown: compared.filter((other) => !hasBars(other)).map((other) => other.ticker),
    splits,
    dividends: dividends.map(({ date, cash, currency }) => ({ date, cash, currency })),
    corrections,
    names: bars.flatMap(({ date, ticker: label }, index) => {
      const before = bars[index - 1]?.ticker ?? label;
      return before === label ? [] : [{ date, from: before, to: label }];
    }),
  };
}

/** The chart of a ticker's address. */
export async function readChart(
  context: AppContext,
  ticker: string,
  { state, ...asked }: AskedHolder & { state: ChartState },
): Promise<ChartData> {
  const holder = await findHolder(context.read, ticker, asked);
  return await readChartOf(context, { ticker, holder, state, bars: await readBars(context, holder, state.isAdjusted) });
}
