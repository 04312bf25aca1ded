import { type DividendRow, readAdjustedDividends, readPublishedRange } from "../../db/queries/api/backtests.ts";
import { type BarRow, readAdjustedBars } from "../../db/queries/api/bars.ts";
import { selectReferenceRead } from "../../db/queries/reference.ts";
import { type Backtest, leastSessions, runBacktest } from "../backtest/backtest.ts";
import { rules } from "../backtest/rules.ts";
import { findStrategy } from "../backtest/strategies/index.ts";
import type { ConfiguredStrategy } from "../backtest/strategy.ts";
import type { Bars, Trade } from "../backtest/types.ts";
import { HttpError } from "../middleware/errors.ts";
import {
  type BacktestAnswer,
  type BacktestRequest,
  backtestAnswer,
  backtestInput,
  settingsOf,
} from "./backtest-schemas.ts";
import { invalidFields } from "./check.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "./operation.ts";
import { isUndefinedTable } from "./warehouse.ts";

export const backtestOperations: Operation[] = [
  defineOperation({
    method: "post",
    path: "/api/backtests",
    summary: "Run a strategy over one ticker's published bars",
    description: rules.map((rule) => `- ${rule}`).join("\n"),
    request: { body: backtestInput },
    answers: { 200: { description: "The run.", schema: backtestAnswer } },
    handle: async ({ body }, context) => answer(200, await backtest(context, body)),
  }),
];

async function backtest(context: ApiContext, request: BacktestRequest): Promise<BacktestAnswer> {
  const { ticker, strategy: _, params: __, from, to, ...settings } = request;
  if (from !== undefined && to !== undefined && from > to) {
    throw new HttpError(422, "invalid", `\`from\` (${from}) is after \`to\` (${to}).`, { field: "from" });
  }
  const strategy = configure(request);
  const bars = await readBars(context, request);
  requireSessions(bars, strategy, ticker);
  const { metrics, trades, equity, drawdown } = runBacktest(bars, strategy, settingsOf(settings));
  const range = { from: from ?? dateOf(bars, 0), to: to ?? dateOf(bars, bars.dates.length - 1) };
  return {
    metrics,
    trades: trades.map((trade) => toTrade(bars, trade)),
    equity: toEquity(bars, equity, drawdown),
    scenario: { ticker, ...range, strategy: strategy.id, params: { ...strategy.parameters }, ...settings },
  };
}

/** The strategy with its parameters; faulty ones are a 422 that names them. */
function configure({ strategy: id, params }: BacktestRequest): ConfiguredStrategy {
  const strategy = findStrategy(id);
  if (strategy === undefined) throw new Error(`the strategy ${id} passed its check and is not registered`);
  const configured = strategy.configure(params);
  if (!configured.success) throw invalidFields(strategy.parameters, params, configured.error, "params");
  return configured.strategy;
}

async function readBars({ read }: ApiContext, request: BacktestRequest): Promise<Bars> {
  const { ticker, from = null, to = null, dividends } = request;
  try {
    const rows = await readAdjustedBars(read, { ticker, from, to });
    const [first, last] = [rows[0], rows.at(-1)];
    if (first === undefined || last === undefined) throw noBars(request, await readPublishedRange(read, ticker));
    if (!dividends) return toBars(rows, []);
    const known = await selectReferenceRead(read, "dividends");
    if (known === undefined || (known.coversFrom ?? "") > first.date) throw dividendsMissing(first.date);
    return toBars(rows, await readAdjustedDividends(read, { ticker, from: first.date, to: last.date }));
  } catch (error) {
    if (!isUndefinedTable(error)) throw error;
    throw new HttpError(404, "not_found", "Nothing is published yet: the first transform has not ended.");
  }
}

/** Without them the run would be told as one with dividends, and be one without. */
function dividendsMissing(from: string): HttpError {
  const message = `\`dividends\` from ${from} on have not been read yet: that is done by the next run of the ingest job.`;
  return new HttpError(422, "invalid", message, { field: "dividends" });
}

function noBars(
  { ticker, from, to }: BacktestRequest,
  { firstDate, lastDate }: { firstDate: string | null; lastDate: string | null },
): HttpError {
  if (firstDate === null || lastDate === null) {
    const message = `No bars of ${ticker} are published. Tickers are case-sensitive.`;
    return new HttpError(404, "not_found", message, { field: "ticker" });
  }
  const [field, date] = from !== undefined && from > firstDate ? (["from", from] as const) : (["to", to] as const);
  const message = `\`${field}\` (${date}) leaves no bar: those of ${ticker} go from ${firstDate} to ${lastDate}.`;
  return new HttpError(422, "invalid", message, { field });
}

function requireSessions(bars: Bars, strategy: ConfiguredStrategy, ticker: string): void {
  const { length } = bars.dates;
  const least = leastSessions(strategy);
  if (length >= least) return;
  const has = `there ${length === 1 ? "is 1 session" : `are ${length} sessions`} of ${ticker}`;
  const needs = `${strategy.id} needs ${least}: ${strategy.warmup} to warm up, one to give a signal, one to fill it`;
  throw new HttpError(422, "invalid", `From \`from\` to \`to\` ${has}; with these parameters ${needs}.`, {
    field: "from",
  });
}

function toBars(rows: readonly BarRow[], dividends: readonly DividendRow[]): Bars {
  const amounts = new Map(dividends.map(({ date, amount }) => [date, amount]));
  return {
    dates: rows.map((row) => row.date),
    open: Float64Array.from(rows, (row) => row.open),
    high: Float64Array.from(rows, (row) => row.high),
    low: Float64Array.from(rows, (row) => row.low),
    close: Float64Array.from(rows, (row) => row.close),
    dividends: Float64Array.from(rows, (row) => amounts.get(row.date) ?? 0),
    delisted: false,
  };
}

const dateOf = (bars: Bars, session: number): string => bars.dates[session] ?? "";

const toTrade = (bars: Bars, { entrySession, entryPrice, shares, exit }: Trade): BacktestAnswer["trades"][number] => ({
  entryDate: dateOf(bars, entrySession),
  entryPrice,
  exitDate: exit && dateOf(bars, exit.session),
  exitPrice: exit?.price ?? null,
  shares,
  profit: exit?.profit ?? null,
  return: exit?.return ?? null,
  reason: exit?.reason ?? null,
});

const toEquity = (bars: Bars, equity: Backtest["equity"], drawdown: Backtest["drawdown"]): BacktestAnswer["equity"] =>
  bars.dates.map((date, session) => ({
    date,
    equity: equity[session] ?? Number.NaN,
    drawdown: drawdown[session] ?? Number.NaN,
  }));
