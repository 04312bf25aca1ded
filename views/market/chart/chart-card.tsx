import type { ChartData, ChartIndicator } from "../chart-data.ts";
import { barsOf } from "./bars.ts";
import { ChartChoices, ChartMoves, CompareChoice, IndicatorChoice } from "./chart-controls.tsx";
import { ChartSvg } from "./chart-svg.tsx";
import type { ChartState } from "./state.ts";
import { barsIn, windowOf } from "./window.ts";
import { chartWords } from "./words.ts";

/** A chart in a state, with what it can be asked to show besides. */
export type ChartView = { state: ChartState; data: ChartData; catalogue: ChartIndicator[] };

/** The chart of the ticker at `path`: controls that are links and forms, a drawing by the server, and its words. */
export const ChartCard = ({ path, view: { state, data, catalogue } }: { path: string; view: ChartView }) => {
  const bars = barsOf(data, state.interval);
  const window = windowOf(bars, state);
  const { first, last } = barsIn(window, bars.date.length);
  const links = { path, state };
  return (
    <figure class="chart-card" id="chart-card">
      <ChartChoices {...links} />
      <div class="chart-controls">
        <IndicatorChoice {...links} catalogue={catalogue} />
        <CompareChoice {...links} unknown={data.unknown} />
        <ChartMoves {...links} bars={bars} window={window} ticker={data.ticker} />
      </div>
      <div class="readout" id="readout" aria-live="off" hidden />
      <p class="measured" id="measured" role="status" hidden />
      {/* The drawing below is what shows without scripts; the chart takes its place. */}
      <div
        id="chart"
        class="chart"
        data-path={path}
        data-ticker={data.ticker}
        data-security={state.security ?? undefined}
      >
        <ChartSvg data={data} bars={bars} state={state} first={first} last={last} />
      </div>
      <figcaption class="note" id="chart-caption">
        <span id="chart-words">{chartWords(data, bars, state.interval, first, last)}</span>{" "}
        <span class="keys" hidden id="chart-keys">
          Drag to move, turn the wheel or pinch to zoom, double click to reset, shift-drag to measure. Arrow keys move
          the cursor, with Shift by twenty; + and − zoom, [ and ] move, M measures from the cursor.
        </span>
      </figcaption>
    </figure>
  );
};
