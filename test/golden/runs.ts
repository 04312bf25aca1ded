import { join } from "node:path";
import { runBacktest } from "../../server/backtest/backtest.ts";
import { returnsByYear } from "../../server/backtest/periods.ts";
import { tickerStrategies } from "../../server/backtest/strategies/index.ts";
import { type BacktestRequest, backtestInput, settingsOf } from "../../server/research/backtests/schemas.ts";
import { configured } from "../server/backtest/support.ts";
import { type GoldenTicker, readGoldenBars } from "./bars.ts";

/** Settings that between them take every branch of the engine. */
const variants = {
  "as asked without any": {},
  "costs, dividends, whole shares": {
    sizing: { kind: "equity", fraction: 0.5 },
    fractional: false,
    commission: { bps: 5, perShare: 0.005, perOrder: 1 },
    slippage: { bps: 5 },
    riskFree: 0.02,
    dividends: true,
  },
  "long and short with stops": {
    side: "long_short",
    stopLoss: 0.08,
    takeProfit: 0.25,
    trailingStop: 0.12,
    slippage: { bps: 2 },
  },
} as const;

/** Every ticker strategy with its defaults in every variant, over one ticker: what `bun run golden` writes. */
export function goldenRuns(golden: GoldenTicker) {
  return tickerStrategies.flatMap((strategy) =>
    Object.entries(variants).map(([variant, changes]) => {
      const request = { ticker: golden.ticker, strategy: strategy.id, ...changes };
      return { variant, request, ...run(golden, backtestInput.parse(request)) };
    }),
  );
}

function run(golden: GoldenTicker, request: BacktestRequest) {
  const strategy = tickerStrategies.find(({ id }) => id === request.strategy);
  const bars = readGoldenBars(golden, request.dividends);
  const { metrics, buyAndHold, trades, equity } = runBacktest(bars, configured(strategy), settingsOf(request));
  const dateOf = (session: number) => bars.dates[session] ?? null;
  const { equity: _, ...held } = buyAndHold;
  return {
    ...{ from: dateOf(0), to: dateOf(bars.dates.length - 1) },
    ...{ metrics, buyAndHold: held },
    yearly: returnsByYear(bars.dates, equity, request.capital),
    trades: trades.map(({ entrySession, entryPrice, shares, exit }) => ({
      ...{ entryDate: dateOf(entrySession), entryPrice, shares },
      ...(exit === null
        ? { exitDate: null, exitPrice: null, profit: null, return: null, reason: null }
        : { exitDate: dateOf(exit.session), exitPrice: exit.price }),
      ...(exit && { profit: exit.profit, return: exit.return, reason: exit.reason }),
    })),
  };
}

export type GoldenRun = ReturnType<typeof goldenRuns>[number];

export const goldenPathOf = (ticker: string): string => join(import.meta.dir, `${ticker}.json`);

/** One line a run and a trade, so that a change of one is a change of few lines; ten digits, which is more than the tests hold it to. */
export function toGoldenText(runs: readonly GoldenRun[]): string {
  const toLine = (value: unknown) =>
    JSON.stringify(value, (_, part) => (typeof part === "number" ? Number(part.toPrecision(10)) : part));
  const texts = runs.map(({ trades, ...figures }) => {
    const lines = trades.map((trade) => `\n    ${toLine(trade)}`).join(",");
    return `  ${toLine(figures).slice(0, -1)},"trades":[${lines}]}`;
  });
  return `[\n${texts.join(",\n")}\n]\n`;
}
