import type { WholeScenario } from "../../../db/queries/research/scenarios.ts";
import { formatMinute } from "../../../views/format.ts";
import { measureTearSheet, type ReferenceCurve, type TearSheet } from "../../backtest/tear-sheet/tear-sheet.ts";
import { notesOf } from "../backtests/notes.ts";
import type { BacktestRun, Scenario } from "../backtests/types.ts";

/** What a tear sheet compares with: a ticker that is held, or the universe in equal parts. */
type Reference = ReferenceCurve & { kind: "buy_and_hold" | "benchmark" | "universe"; ticker: string | null };

/** A run as a tear sheet measures it, wherever it comes from. */
export type TearSheetSubject = {
  scenario: Scenario;
  dates: readonly string[];
  equity: Float64Array;
  /** Part of the sessions in which a position was held; NaN where that was not kept. */
  exposure: number;
  reference: Reference | null;
  dataVersion: string;
  /** What has to be known of the run, a sentence each. */
  notes: string[];
};

/** A run with what it was asked to be compared with; else with its ticker, or with the universe, which is known at rebalances alone. */
export function subjectOfRun(run: BacktestRun): TearSheetSubject {
  const { scenario, backtest, bars, dataVersion } = run;
  return {
    ...{ scenario, dates: bars.dates, equity: backtest.equity, dataVersion, notes: notesOf(run) },
    exposure: backtest.metrics.exposure ?? Number.NaN,
    reference: referenceOf(run),
  };
}

function referenceOf({ scope, scenario, benchmark, backtest }: BacktestRun): Reference {
  if (benchmark !== null) return { kind: "benchmark", knownBy: "session", ...benchmark };
  const { equity, alpha, beta } = backtest.buyAndHold;
  if (scope === "universe") return { kind: "universe", ticker: null, knownBy: "month", equity, alpha, beta };
  return { kind: "buy_and_hold", ticker: scenario.ticker, knownBy: "session", equity };
}

/** A scenario's run as it was kept. What it was compared with was not, and newer data would not belong to it. */
export function subjectOfKept(
  row: WholeScenario & { scenario: Scenario },
  changes: readonly string[],
): TearSheetSubject {
  const { scenario, dates, dataVersion } = row;
  return {
    ...{ scenario, dates, dataVersion, reference: null },
    equity: Float64Array.from(row.equity),
    exposure: row.metrics.exposure ?? Number.NaN,
    notes: [
      `This is the run of ${formatMinute(row.ranAt)} as it was kept, without what it was compared with: a run of now would differ.`,
      ...changes,
    ],
  };
}

export const measureSubject = ({ scenario, dates, equity, exposure, reference }: TearSheetSubject): TearSheet =>
  measureTearSheet({ dates, equity, exposure }, reference, scenario);
