import { sessionsBetween } from "../../../jobs/market/calendar.ts";
import { runBacktest } from "../../../server/backtest/backtest.ts";
import { tickerStrategies } from "../../../server/backtest/strategies/index.ts";
import { backtestInput, settingsOf } from "../../../server/research/backtests/schemas.ts";
import { configured } from "../../server/backtest/support.ts";
import { createRandom } from "../../support/random.ts";
import { goldenTickers, readGoldenBars } from "../bars.ts";

/** A run's equity beside that of what it is compared with, in dollars from the capital. */
export type GoldenCurve = {
  name: string;
  dates: readonly string[];
  equity: number[];
  reference: number[];
  capital: number;
  riskFree: number;
};

function runOf(ticker: string, strategy: string, changes: object): GoldenCurve {
  const golden = goldenTickers.find((known) => known.ticker === ticker);
  if (golden === undefined) throw new Error(`${ticker} has no golden bars`);
  const request = backtestInput.parse({ ticker, strategy, ...changes });
  const bars = readGoldenBars(golden, request.dividends);
  const known = tickerStrategies.find(({ id }) => id === strategy);
  const { equity, buyAndHold } = runBacktest(bars, configured(known), settingsOf(request));
  const { capital, riskFree } = request;
  return {
    ...{ name: `${ticker} ${strategy}`, dates: bars.dates, capital, riskFree },
    ...{ equity: [...equity], reference: [...buyAndHold.equity] },
  };
}

/** Twelve years that end within a month, with weeks without a position. */
function wandering(): GoldenCurve {
  const dates = sessionsBetween("2012-03-05", "2024-05-31");
  const random = createRandom(15);
  const move = () => (random() + random() + random() - 1.5) * 0.03;
  let [equity, reference] = [10_000, 10_000];
  const curve = dates.map((_, session) => {
    const market = 0.0003 + move();
    reference *= 1 + market;
    if (session % 90 > 25) equity *= 1 + 0.6 * market + move() / 3;
    return { equity, reference };
  });
  return {
    ...{ name: "twelve years", dates, capital: 10_000, riskFree: 0.015 },
    equity: curve.map((session) => session.equity),
    reference: curve.map((session) => session.reference),
  };
}

/** What the libraries measured, and the tests measure again. */
export const goldenCurves = (): GoldenCurve[] => [
  runOf("AAPL", "momentum", {}),
  runOf("PERI", "mean_reversion", { riskFree: 0.02, dividends: true, commission: { bps: 5 } }),
  runOf("TSLA", "macd", { side: "long_short", riskFree: 0.03 }),
  wandering(),
];

/** Every so many sessions of a rolling figure are compared. */
export const rollingStep = 37;
