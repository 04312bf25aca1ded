import type { BacktestChart, Figure, FigureLine, LineTone, Mark } from "../../../views/research/backtest-data.ts";
import { drawdownsOf } from "../../backtest/curve.ts";
import type { Pane } from "../../backtest/strategy.ts";
import type { Trade } from "../../backtest/types.ts";
import type { BacktestRun, TickerRun } from "./types.ts";

type Line = { label: string; tone: LineTone; values: Float64Array };
type Pencil = (line: Line) => FigureLine;

/** Tones of a pane's lines, in their order. */
const paneTones: readonly LineTone[] = ["ma20", "ma50", "ma120", "soft"];

/** At the most so many points a line, where a script does not draw all of them. */
const pointsOfDrawing = 260;

/** A run in columns, every session of it. */
export function toChart(run: BacktestRun): BacktestChart {
  const all = run.bars.dates.map((_, session) => session);
  return chartAt(run, all);
}

/** A run as the server draws it: at the most 260 sessions, evenly taken, the first and the last among them. */
export function toDrawing(run: BacktestRun): BacktestChart {
  return chartAt(run, sampleSessions(run.bars.dates.length));
}

/** At the most 260 of so many sessions, evenly taken, the first and the last among them. */
export function sampleSessions(length: number): number[] {
  const shown = Math.min(length, pointsOfDrawing);
  return Array.from({ length: shown }, (_, index) => Math.round((index * (length - 1)) / Math.max(1, shown - 1)));
}

function chartAt(run: BacktestRun, sessions: readonly number[]): BacktestChart {
  const { bars, backtest, dataVersion } = run;
  const ofTicker = run.scope === "ticker" ? run : null;
  const pencil: Pencil = ({ label, tone, values }) => ({ label, tone, values: pick(values, sessions) });
  const column = (values: Float64Array) => pick(values, sessions).map((value) => value ?? 0);
  return {
    dataVersion,
    date: sessions.map((session) => bars.dates[session] ?? ""),
    candles: ofTicker && candlesOf(ofTicker, column),
    // A portfolio has no one price at which a mark could stand.
    marks: ofTicker ? marksOf(backtest.trades, sessions) : [],
    figures: [...(ofTicker ? priceFigures(ofTicker, pencil) : []), ...equityFigures(run, pencil)],
  };
}

const candlesOf = ({ bars }: TickerRun, column: (values: Float64Array) => number[]) => ({
  ...{ open: column(bars.open), high: column(bars.high), low: column(bars.low), close: column(bars.close) },
});

/** The price with what is drawn over it, and the strategy's other indicators below. */
function priceFigures({ scenario, strategy, bars }: TickerRun, pencil: Pencil): Figure[] {
  const panes = strategy.panes(bars);
  const over = panes.filter(({ overlay }) => overlay);
  const price: Figure = {
    ...{ id: "price", title: scenario.ticker, unit: "dollars" },
    lines: tinted(over.flatMap(({ lines }) => lines)).map(pencil),
  };
  const below = panes.filter(({ overlay }) => !overlay);
  return [
    price,
    ...below.map(({ id, title, lines }): Figure => ({ id, title, unit: "value", lines: tinted(lines).map(pencil) })),
  ];
}

const tinted = (lines: Pane["lines"]): Line[] =>
  lines.map((line, index) => ({ ...line, tone: paneTones[index % paneTones.length] ?? "soft" }));

function equityFigures({ scope, scenario, backtest, benchmark }: BacktestRun, pencil: Pencil): Figure[] {
  const { capital } = scenario;
  const equity: Line[] = [
    { label: "Strategy", tone: "accent", values: backtest.equity },
    { label: scope === "universe" ? "Universe" : "Buy and hold", tone: "ma20", values: backtest.buyAndHold.equity },
    ...(benchmark ? [{ label: benchmark.ticker, tone: "ma50" as const, values: benchmark.equity }] : []),
  ];
  // The universe is known at rebalances alone: how deep it fell between them is not.
  const ofEverySession = scope === "universe" ? equity.filter((_, index) => index !== 1) : equity;
  const drawdown: Line[] = ofEverySession.map((line) => ({ ...line, values: drawdownsOf(line.values, capital) }));
  return [
    { id: "equity", title: "Equity", unit: "dollars", lines: equity.map(pencil) },
    { id: "drawdown", title: "Drawdown", unit: "fraction", lines: drawdown.map(pencil) },
  ];
}

/** The values of some sessions with seven digits of the largest, which is more than a screen shows. */
function pick(values: Float64Array, sessions: readonly number[]): (number | null)[] {
  const largest = values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
  const scale = 10 ** Math.min(12, Math.max(0, 6 - Math.floor(Math.log10(largest || 1))));
  return sessions.map((session) => {
    const value = values[session] ?? Number.NaN;
    return Number.isFinite(value) ? Math.round(value * scale) / scale : null;
  });
}

/** Where positions were entered and left, at the place of their session among those shown, or of the last before it. */
function marksOf(trades: readonly Trade[], sessions: readonly number[]): Mark[] {
  const places = new Map(sessions.map((session, place) => [session, place]));
  const placeOf = (session: number): number => {
    for (let at = session; at > 0; at--) {
      const place = places.get(at);
      if (place !== undefined) return place;
    }
    return 0;
  };
  return trades.flatMap(({ entrySession, entryPrice, shares, exit }): Mark[] => {
    const [enter, leave] = shares > 0 ? (["buy", "sell"] as const) : (["sell", "buy"] as const);
    const mark = (session: number, price: number, side: Mark["side"]): Mark => ({
      session: placeOf(session),
      price: Number(price.toPrecision(8)),
      side,
    });
    return [mark(entrySession, entryPrice, enter), ...(exit ? [mark(exit.session, exit.price, leave)] : [])];
  });
}
