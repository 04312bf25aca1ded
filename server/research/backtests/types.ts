import type { DividendRow, SplitRow } from "../../../db/queries/market/read-bars.ts";
import type { LabelSpan } from "../../../db/queries/research/label-spans.ts";
import type { Backtest } from "../../backtest/backtest.ts";
import type { Metrics } from "../../backtest/definitions.ts";
import type { Honesty } from "../../backtest/honesty.ts";
import type { ConfiguredStrategy } from "../../backtest/strategy.ts";
import type { Bars } from "../../backtest/types.ts";
import type { PortfolioBacktest } from "../../backtest/universe/backtest.ts";
import type { UniverseHonesty } from "../../backtest/universe/honesty.ts";
import type { NothingHeld } from "../../backtest/universe/nothing-bought.ts";
import type { ConfiguredUniverseStrategy } from "../../backtest/universe/strategy.ts";
import type { Benchmark } from "./benchmark.ts";
import type { BacktestAnswer } from "./schemas.ts";

/** A request with every default filled in; run again, it gives the same run. */
export type Scenario = BacktestAnswer["scenario"];

/** What the runs of one ticker and of the universe have in common. */
type RunOf<Scope extends string> = {
  scope: Scope;
  scenario: Scenario;
  benchmark: Benchmark | null;
  /** What was read, by `readRequestVersion`: equal texts mean equal data. */
  dataVersion: string;
};

/** A run over one ticker's bars. */
export type TickerRun = RunOf<"ticker"> & {
  scenario: Scenario & { ticker: string };
  strategy: ConfiguredStrategy;
  /** The checks of the strategy on this run's bars. */
  honesty(): Honesty;
  bars: Bars;
  /** All that are known of the ticker, paid or not. */
  actions: { splits: readonly SplitRow[]; dividends: readonly DividendRow[] };
  backtest: Backtest;
};

export type BacktestRun = TickerRun | UniverseRun;

/** The figures by which a run on today's survivors is told from one on everybody there was. */
export const headlineNames = ["totalReturn", "cagr", "sharpe", "maxDrawdown", "finalEquity"] as const;

export type Headline = Pick<Metrics, (typeof headlineNames)[number]>;

/** The same strategy on both universes. */
type Survivorship = {
  pointInTime: Headline;
  survivorsOnly: Headline;
  /** Tickers that were ever published, and those of them that traded in the newest session. */
  tickers: number;
  survivors: number;
};

/** A security by its newest label, with its last session and, where it had others, the labels of what was held. */
export type NamedTicker = { ticker: string; lastDate: string; labels: readonly Omit<LabelSpan, "key">[] };

/** A run over all tickers. */
export type UniverseRun = RunOf<"universe"> & {
  strategy: Omit<ConfiguredUniverseStrategy, "score">;
  /** The market's sessions; a portfolio has no one price. */
  bars: { dates: readonly string[] };
  /** By the number that trades and holdings name a ticker by. */
  tickers: readonly NamedTicker[];
  backtest: PortfolioBacktest;
  /** Null where something was held. */
  nothingHeld: NothingHeld | null;
  survivorship: Survivorship;
  honesty(): UniverseHonesty;
};
