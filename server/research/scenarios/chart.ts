import type { BacktestChart, LineTone } from "../../../views/research/backtest-data.ts";
import type { CurvesView } from "../../../views/research/scenario-types.ts";
import { sampleSessions } from "../backtests/chart.ts";

/** Tones of as many scenarios as can be compared; what comes after them is a benchmark. */
const tones: readonly LineTone[] = ["ma120", "ma20", "ma50", "ink"];

/** What each run's first dollar became, in every session; `dataVersion` is that of all the runs together. */
export function toCurvesChart(curves: CurvesView, dataVersion: string): BacktestChart {
  return curvesAt(
    curves,
    dataVersion,
    curves.dates.map((_, session) => session),
  );
}

/** The same as the server draws it: of some sessions, evenly taken. */
export function toCurvesDrawing(curves: CurvesView, dataVersion: string): BacktestChart {
  return curvesAt(curves, dataVersion, sampleSessions(curves.dates.length));
}

const curvesAt = ({ dates, lines }: CurvesView, dataVersion: string, sessions: readonly number[]): BacktestChart => ({
  dataVersion,
  date: sessions.map((session) => dates[session] ?? ""),
  candles: null,
  marks: [],
  figures: [
    {
      ...{ id: "equity", title: "What one dollar became", unit: "factor" },
      lines: lines.map(({ name, values }, index) => ({
        label: name,
        tone: tones[index] ?? "soft",
        values: sessions.map((session) => rounded(values[session] ?? null)),
      })),
    },
  ],
});

/** Seven digits, which is more than a screen shows. */
const rounded = (value: number | null) => (value === null ? null : Number(value.toPrecision(7)));
