import type { Child } from "hono/jsx";
import type { ChartIndicator } from "../chart-data.ts";
import type { ChartBars } from "./bars.ts";
import {
  type ChartState,
  chartHref,
  chartQuery,
  intervals,
  mostCompared,
  mostIndicators,
  ranges,
  resetState,
} from "./state.ts";
import { type Move, moveWindow, type Window, zoomOf } from "./window.ts";

/** What a link changes of a state; the script keeps all links in step with it. */
type Patch = Partial<ChartState>;

type ChartLinks = { path: string; state: ChartState };

type PatchLinkProps = ChartLinks & { patch: Patch; label?: string; children: Child };

/** A link to the chart with one thing changed; the current one where it changes nothing. */
const PatchLink = ({ path, state, patch, label, children }: PatchLinkProps) => {
  const href = chartHref(path, { ...state, ...patch });
  return (
    <a
      href={href}
      data-patch={JSON.stringify(patch)}
      aria-label={label}
      aria-current={href === chartHref(path, state) ? "true" : undefined}
    >
      {children}
    </a>
  );
};

const intervalWords = { day: "Day", week: "Week", month: "Month" } as const;

/** Range, interval, scale and shares of the prices. */
export const ChartChoices = (links: ChartLinks) => (
  <div class="chart-controls">
    <nav class="filter" aria-label="Range" id="ranges">
      {ranges.map((range) => (
        <PatchLink {...links} patch={{ range, zoom: null }}>
          {range === "all" ? "All" : range.toUpperCase()}
        </PatchLink>
      ))}
    </nav>
    <nav class="filter" aria-label="Bars">
      {intervals.map((interval) => (
        <PatchLink {...links} patch={{ interval }}>
          {intervalWords[interval]}
        </PatchLink>
      ))}
    </nav>
    <nav class="filter" aria-label="Scale">
      {[false, true].map((isLog) => (
        <PatchLink {...links} patch={{ isLog }}>
          {isLog ? "Log" : "Linear"}
        </PatchLink>
      ))}
    </nav>
    <nav class="filter" aria-label="Prices" id="adjustment">
      <PatchLink {...links} patch={{ isAdjusted: true }}>
        Split-adjusted
      </PatchLink>
      {/* Across a split as-traded prices have no common measure. */}
      <PatchLink {...links} patch={{ isAdjusted: false, compare: [] }}>
        As traded
      </PatchLink>
    </nav>
  </div>
);

/** The rest of a state, for a form that sends one part of it. */
const KeptFields = ({ state, but }: { state: ChartState; but: string }) => (
  <>
    {[...chartQuery(state)]
      .filter(([name]) => name !== but)
      .map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
  </>
);

const groupsOf = (catalogue: readonly ChartIndicator[]) => ({
  over: catalogue.filter(({ pane }) => pane === null),
  lower: catalogue.filter(({ pane }) => pane !== null),
});

const Boxes = ({ title, indicators, state }: { title: string; indicators: ChartIndicator[]; state: ChartState }) => (
  <fieldset>
    <legend>{title}</legend>
    {indicators.map(({ column, label, hint }) => (
      <label class="check" title={hint}>
        <input type="checkbox" name="indicators" value={column} checked={state.indicators.includes(column)} />
        {label}
      </label>
    ))}
  </fieldset>
);

/** Every column that can be shown, over the price or below it. */
export const IndicatorChoice = ({ path, state, catalogue }: ChartLinks & { catalogue: ChartIndicator[] }) => {
  const { over, lower } = groupsOf(catalogue);
  return (
    <details class="indicator-choice" id="indicator-choice">
      <summary class="button">
        Indicators{" "}
        <span class="note" id="indicator-count">
          {state.indicators.length}
        </span>
      </summary>
      <form method="get" action={path} id="indicator-form" aria-label="Indicators">
        <KeptFields state={state} but="indicators" />
        {/* So that an empty choice is one. */}
        <input type="hidden" name="indicators" value="none" />
        <Boxes title="Over the price" indicators={over} state={state} />
        <Boxes title="In panes" indicators={lower} state={state} />
        <p class="note">At the most {mostIndicators} at a time.</p>
        <button type="submit" class="button">
          Show these
        </button>
      </form>
    </details>
  );
};

type CompareProps = ChartLinks & { unknown: string[] };

/** The tickers beside the page's own, each with a link that takes it away, and a field for one more. */
export const CompareChoice = ({ path, state, unknown }: CompareProps) => (
  <form method="get" action={path} class="compare-choice" id="compare-form" aria-label="Compare">
    <KeptFields state={state} but="compare" />
    <ul class="compared" id="compared">
      {state.compare.map((ticker) => (
        <li>
          <input type="hidden" name="compare" value={ticker} />
          <PatchLink
            path={path}
            state={state}
            patch={{ compare: state.compare.filter((other) => other !== ticker) }}
            label={`Compare without ${ticker}`}
          >
            {ticker} <span aria-hidden="true">×</span>
          </PatchLink>
        </li>
      ))}
    </ul>
    {state.compare.length < mostCompared && (
      <>
        <label class="visually-hidden" for="compare-ticker">
          Compare with ticker
        </label>
        <input
          id="compare-ticker"
          name="compare"
          placeholder="Compare with…"
          autocomplete="off"
          spellcheck={false}
          maxlength={40}
          aria-describedby={unknown.length > 0 ? "compare-unknown" : undefined}
          aria-invalid={unknown.length > 0 ? "true" : undefined}
        />
        <button type="submit" class="button">
          Add
        </button>
      </>
    )}
    {unknown.length > 0 && (
      <p class="field-error" id="compare-unknown">
        No bars of {unknown.join(", ")} are published. Tickers are case-sensitive.
      </p>
    )}
  </form>
);

const moveWords: Record<Move, [text: string, label: string]> = {
  earlier: ["←", "Earlier"],
  later: ["→", "Later"],
  in: ["+", "Zoom in"],
  out: ["−", "Zoom out"],
};

type MovesProps = ChartLinks & { bars: ChartBars; window: Window; ticker: string };

/** Moves and zooms for whoever cannot drag, a reset, and what can be taken along. */
export const ChartMoves = ({ path, state, bars, window, ticker }: MovesProps) => {
  const hrefOf = (move: Move) =>
    chartHref(path, { ...state, zoom: zoomOf(bars, moveWindow(window, move, bars.date.length)) });
  return (
    <div class="chart-moves">
      <nav class="filter" aria-label={`Move in the chart of ${ticker}`}>
        {(Object.keys(moveWords) as Move[]).map((move) => (
          <a href={hrefOf(move)} data-move={move} title={moveWords[move][1]} aria-label={moveWords[move][1]}>
            {moveWords[move][0]}
          </a>
        ))}
        <a href={chartHref(path, resetState(state))} id="chart-reset">
          Reset
        </a>
      </nav>
      <span class="chart-actions">
        <button type="button" class="button" id="measure-toggle" aria-pressed="false" hidden>
          Measure
        </button>
        <button type="button" class="button" id="chart-png" hidden>
          PNG
        </button>
        {["CSV", "XLSX", "Parquet"].map((format) => (
          <a
            class="button"
            id={`chart-${format.toLowerCase()}`}
            data-file={format.toLowerCase()}
            href={chartHref(`${path}/bars.${format.toLowerCase()}`, state)}
            download
          >
            {format}
          </a>
        ))}
      </span>
    </div>
  );
};
