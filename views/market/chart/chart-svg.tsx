import { formatDate } from "../../format.ts";
import { LineKey } from "../../line-key.tsx";
import type { ChartData } from "../chart-data.ts";
import type { ChartBars } from "./bars.ts";
import { type ChartEvent, type EventKind, eventsOf } from "./events.ts";
import { hasVolume, isComparing, type Pane, type PaneLine, panesOf } from "./panes.ts";
import { marksOf, markTexts, roomOfPane, roomOfPrice, type Scale, scaleOf, shareOf, volumeShare } from "./scale.ts";
import type { ChartState } from "./state.ts";

const width = 1000;
const height = 400;
/** More bars than these are thinner than a pixel. */
const mostBars = 600;
/** Up to so many bars are drawn as candles. */
const mostCandles = 260;

/** What of the bars is drawn: their positions, at the most `mostBars`, the first and last among them. */
type Shown = { at: number[]; x: (index: number) => number; step: number };

function shownBars(first: number, last: number): Shown {
  const count = last - first + 1;
  const shown = Math.min(count, mostBars);
  const at = Array.from({ length: shown }, (_, index) =>
    Math.round(first + (index * (count - 1)) / Math.max(1, shown - 1)),
  );
  return { at, x: (index) => ((index - first + 0.5) / count) * width, step: width / count };
}

const yOf = (scale: Scale, value: number) => ((1 - shareOf(scale, value)) * height).toFixed(1);

/** A line through the values, with a gap where there is none. */
function pathOf(values: readonly (number | null)[], { at, x }: Shown, scale: Scale): string {
  let isDown = false;
  return at
    .map((index) => {
      const value = values[index] ?? null;
      if (value === null) {
        isDown = false;
        return "";
      }
      const command = isDown ? "L" : "M";
      isDown = true;
      return `${command}${x(index).toFixed(1)} ${yOf(scale, value)}`;
    })
    .join("");
}

/** The candles that rise, or fall: wicks, and bodies of at least a hair. */
function candlePath(bars: ChartBars, { at, x, step }: Shown, scale: Scale, isUp: boolean): string {
  return at
    .filter((index) => (bars.close[index] ?? 0) >= (bars.open[index] ?? 0) === isUp)
    .map((index) => {
      const y = (values: number[]) => yOf(scale, values[index] ?? 0);
      const [middle, left, right] = [x(index), x(index) - step * 0.35, x(index) + step * 0.35].map((one) =>
        one.toFixed(1),
      );
      return `M${middle} ${y(bars.high)}V${y(bars.low)}M${left} ${y(bars.open)}H${right}V${y(bars.close)}H${left}Z`;
    })
    .join("");
}

function volumePath(bars: ChartBars, { at, x, step }: Shown): string {
  const most = Math.max(1, ...at.map((index) => bars.volume[index] ?? 0));
  return at
    .map((index) => {
      const top = height * (1 - (bars.volume[index] ?? 0) / most / volumeShare);
      const half = Math.max(0.3, step * 0.35);
      return `M${(x(index) - half).toFixed(1)} ${height}V${top.toFixed(1)}h${(half * 2).toFixed(1)}V${height}Z`;
    })
    .join("");
}

const lineValues = (lines: readonly PaneLine[], { at }: Shown) =>
  lines.flatMap(({ values }) => at.flatMap((index) => values[index] ?? []));

type DrawingProps = { data: ChartData; bars: ChartBars; state: ChartState; shown: Shown };

/** What holds all that a pane shows; the price's is logarithmic where asked. */
function scaleOfPane(pane: Pane, { data, bars, state, shown }: DrawingProps): Scale {
  const isPrice = pane.id === "price";
  const values = lineValues(pane.lines, shown);
  const prices =
    isPrice && !isComparing(data) ? shown.at.flatMap((at) => [bars.high[at] ?? [], bars.low[at] ?? []].flat()) : [];
  const all = [...values, ...prices];
  const [min, max] = all.length > 0 ? [Math.min(...all), Math.max(...all)] : [0, 1];
  return scaleOf(min, max, isPrice && state.isLog, isPrice ? roomOfPrice(hasVolume(data, state)) : roomOfPane);
}

/** How far from the top each kind stands, in pixels. */
const rowOf: Record<EventKind, number> = { split: 12, dividend: 27, rename: 42, correction: 57 };

/** Marks of one kind this near to each other, in the drawing's units, would be one blot. */
const nearest = 22;

/** The events in sight, without those that would cover the one before them. */
function shownEvents(data: ChartData, bars: ChartBars, shown: Shown): ChartEvent[] {
  const before = new Map<EventKind, number>();
  const [first, last] = [shown.at[0] ?? 0, shown.at.at(-1) ?? 0];
  return eventsOf(data, bars).filter(({ bar, kind }) => {
    const x = shown.x(bar);
    if (bar < first || bar > last || x - (before.get(kind) ?? Number.NEGATIVE_INFINITY) < nearest) return false;
    before.set(kind, x);
    return true;
  });
}

/** Stands on its bar; words at the edge stay whole. */
const EventMark = ({ event, shown }: { event: ChartEvent; shown: Shown }) => {
  const share = shown.x(event.bar) / width;
  return (
    <text
      class={`event is-${event.kind}`}
      x={`${(share * 100).toFixed(2)}%`}
      y={rowOf[event.kind]}
      text-anchor={share < 0.1 ? "start" : share > 0.9 ? "end" : "middle"}
    >
      {event.mark}
      <title>{event.words}</title>
    </text>
  );
};

const Prices = ({ bars, shown, scale }: { bars: ChartBars; shown: Shown; scale: Scale }) =>
  shown.at.length > mostCandles ? (
    <path class="line accent" d={pathOf(bars.close, shown, scale)} />
  ) : (
    <>
      <path class="candle up" d={candlePath(bars, shown, scale, true)} />
      <path class="candle down" d={candlePath(bars, shown, scale, false)} />
    </>
  );

const PaneSvg = ({ pane, label, drawing }: { pane: Pane; label: string; drawing: DrawingProps }) => {
  const { data, bars, state, shown } = drawing;
  const isPrice = pane.id === "price";
  const scale = scaleOfPane(pane, drawing);
  const marks = marksOf(scale, isPrice ? 7 : 3).filter((mark) => !isPrice || mark > 0);
  const texts = markTexts(pane.kind, marks);
  const y = (mark: number) => `${((1 - shareOf(scale, mark)) * 100).toFixed(2)}%`;
  const longest = Math.max(4, ...texts.map((text) => text.length));
  return (
    <div class={`pane-drawing ${isPrice ? "is-price" : "is-lower"}`}>
      <svg class="pane-svg price-svg" role="img" aria-label={label}>
        {marks.map((mark) => (
          <line class="grid" x1="0" x2="100%" y1={y(mark)} y2={y(mark)} />
        ))}
        <svg
          viewBox={`0 0 ${width} ${height}`}
          width="100%"
          height="100%"
          preserveAspectRatio="none"
          aria-hidden="true"
        >
          {isPrice && hasVolume(data, state) && <path class="volume" d={volumePath(bars, shown)} />}
          {isPrice && !isComparing(data) && <Prices bars={bars} shown={shown} scale={scale} />}
          {pane.lines.map(({ tone, dash, values }) => (
            <path
              class={`line ${tone}`}
              d={pathOf(values, shown, scale)}
              stroke-dasharray={dash.join(" ") || undefined}
            />
          ))}
        </svg>
        {isPrice && shownEvents(data, bars, shown).map((event) => <EventMark event={event} shown={shown} />)}
      </svg>
      <svg class="pane-levels" width={`${(longest * 0.62).toFixed(1)}em`} aria-hidden="true">
        {marks.map((mark, index) => (
          <text x="4" y={y(mark)} dy="0.35em">
            {texts[index]}
          </text>
        ))}
      </svg>
    </div>
  );
};

const PaneLegend = ({ pane }: { pane: Pane }) =>
  pane.lines.length === 0 ? null : (
    <ul class="legend figure-legend">
      {pane.lines.map((line) => (
        <li>
          <LineKey tone={line.tone} dash={line.dash} /> {line.label}
        </li>
      ))}
    </ul>
  );

type ChartSvgProps = { data: ChartData; bars: ChartBars; state: ChartState; first: number; last: number };

/**
 * A chart as the server draws it: what it is before its script runs, or without it. The paths are stretched to the page; labels
 * stand beside them, so that they are not.
 */
export const ChartSvg = ({ data, bars, state, first, last }: ChartSvgProps) => {
  const drawing = { data, bars, state, shown: shownBars(first, last) };
  return (
    <div class="price-plot chart-drawing">
      {panesOf(data, bars, first).map((pane) => (
        <>
          <PaneLegend pane={pane} />
          <PaneSvg
            pane={pane}
            label={
              pane.id === "price"
                ? `${isComparing(data) ? "Compared" : "Closing"} prices of ${data.ticker}`
                : pane.title
            }
            drawing={drawing}
          />
        </>
      ))}
      <p class="dates-shown" aria-hidden="true">
        <span>{formatDate(bars.date[first] ?? "")}</span>
        <span>{formatDate(bars.date[last] ?? "")}</span>
      </p>
    </div>
  );
};
