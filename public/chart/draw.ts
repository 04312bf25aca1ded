import type uPlot from "uplot";
import type { Colours } from "./colours.ts";
import { type PixelColumn, pixelColumns } from "./columns.ts";

/** Below this width in CSS pixels a body is no more than its wick. */
const thinnestBody = 2.5;
/** From this width on, a rising candle is hollow: told apart without colour. */
const hollowFrom = 5;

/** What a candle is drawn from. */
type Candles = { open: number[]; high: number[]; low: number[]; close: number[] };

/** The bars that are in sight, one at an edge included. */
export function barsInSight(plot: uPlot, count: number): [first: number, last: number] {
  const { min = 0, max = 0 } = plot.scales.x ?? {};
  return [Math.max(0, Math.floor(min ?? 0)), Math.min(count - 1, Math.ceil(max ?? 0))];
}

/** The width of a bar on the canvas. */
function barWidth(plot: uPlot): number {
  return Math.max(devicePixelRatio, Math.abs(plot.valToPos(1, "x", true) - plot.valToPos(0, "x", true)) * 0.7);
}

/** Paints within the plot, and not over its axes. */
export function withClip(plot: uPlot, paint: (context: CanvasRenderingContext2D) => void): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  paint(ctx);
  ctx.restore();
}

/** Where values stand on the canvas, told once for all bars: asking the plot for each of ten years takes half a frame. */
type Frame = { x(bar: number): number; y(value: number): number };

function frameOf(plot: uPlot, scale: string): Frame {
  const start = plot.valToPos(0, "x", true);
  const step = plot.valToPos(1, "x", true) - start;
  const { min, max, distr } = plot.scales[scale] ?? {};
  const { top, height } = plot.bbox;
  const [low, high] = [min ?? 0, max ?? 1];
  const x = (bar: number) => start + bar * step;
  if (distr !== 3) return { x, y: (value) => top + height * (1 - (value - low) / (high - low)) };
  const [base, span] = [Math.log(low), Math.log(high / low)];
  return { x, y: (value) => top + height * (1 - (Math.log(value) - base) / span) };
}

type CandleDrawing = { frame: Frame; data: Candles; colours: Colours; width: number };

/** One bar as a candle, on whole pixels: what lies between two is drawn many times slower. */
function paintCandle(
  context: CanvasRenderingContext2D,
  { frame, data, colours, width }: CandleDrawing,
  bar: number,
): void {
  const line = Math.max(1, Math.round(devicePixelRatio));
  const [open = 0, close = 0] = [data.open[bar], data.close[bar]];
  const [openAt, closeAt] = [frame.y(open), frame.y(close)];
  const x = Math.round(frame.x(bar));
  const isUp = close >= open;
  context.fillStyle = isUp ? colours.up : colours.down;
  const highAt = Math.round(frame.y(data.high[bar] ?? close));
  const lowAt = Math.round(frame.y(data.low[bar] ?? close));
  context.fillRect(x - (line >> 1), highAt, line, Math.max(line, lowAt - highAt));
  if (width < thinnestBody * devicePixelRatio) return;
  const body = Math.max(3, Math.round(width) | 1);
  const left = x - (body >> 1);
  const top = Math.round(Math.min(openAt, closeAt));
  const height = Math.max(line, Math.round(Math.max(openAt, closeAt)) - top);
  context.fillRect(left, top, body, height);
  if (isUp && width >= hollowFrom * devicePixelRatio && height > 3 * line) {
    context.fillStyle = colours.sheet;
    context.fillRect(left + line, top + line, body - 2 * line, height - 2 * line);
  }
}

/** Bars of one column of pixels as one: from the highest high to the lowest low. */
function paintColumn(
  context: CanvasRenderingContext2D,
  { frame, data, colours }: CandleDrawing,
  { first, last }: PixelColumn,
): void {
  let [high, low] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let bar = first; bar <= last; bar += 1) {
    high = Math.max(high, data.high[bar] ?? high);
    low = Math.min(low, data.low[bar] ?? low);
  }
  const top = Math.round(frame.y(high));
  context.fillStyle = (data.close[last] ?? 0) >= (data.open[first] ?? 0) ? colours.up : colours.down;
  context.fillRect(Math.round(frame.x(first)), top, 1, Math.max(1, Math.round(frame.y(low)) - top));
}

/** Candles on a scale of prices. */
export function drawCandles(plot: uPlot, data: Candles, colours: Colours, scale = "y"): void {
  const [from, to] = barsInSight(plot, data.close.length);
  const frame = frameOf(plot, scale);
  const width = barWidth(plot);
  const drawing = { frame, data, colours, width };
  withClip(plot, (context) => {
    if (width <= devicePixelRatio) {
      for (const column of pixelColumns(from, to, frame.x)) paintColumn(context, drawing, column);
    } else for (let bar = from; bar <= to; bar += 1) paintCandle(context, drawing, bar);
  });
}

/** Volume, at the foot of the price: of a column of pixels the largest. */
export function drawVolume(plot: uPlot, data: Candles & { volume: number[] }, colours: Colours): void {
  const [from, to] = barsInSight(plot, data.close.length);
  const frame = frameOf(plot, "volume");
  const width = Math.max(1, Math.round(barWidth(plot)));
  const base = Math.round(frame.y(0));
  withClip(plot, (context) => {
    context.globalAlpha = 0.34;
    for (const { first, last } of pixelColumns(from, to, frame.x)) {
      let volume = 0;
      for (let bar = first; bar <= last; bar += 1) volume = Math.max(volume, data.volume[bar] ?? 0);
      const top = Math.round(frame.y(volume));
      context.fillStyle = (data.close[last] ?? 0) >= (data.open[first] ?? 0) ? colours.up : colours.down;
      context.fillRect(Math.round(frame.x(first) - width / 2), top, width, base - top);
    }
  });
}

/** How a line is drawn. */
export type LineStyle = { colour: string; width: number; dash: readonly number[]; isGapless: boolean };

/**
 * A line through the values in sight, with a gap where there is none unless it is to bridge them. Of a column of pixels the first value, the
 * lowest, the highest and the last. By hand: the plot's own lines are clipped along their gaps, which takes ten times as long.
 */
export function drawLine(plot: uPlot, values: readonly (number | null)[], scale: string, style: LineStyle): void {
  const [from, to] = barsInSight(plot, values.length);
  const frame = frameOf(plot, scale);
  withClip(plot, (context) => {
    context.strokeStyle = style.colour;
    context.lineWidth = style.width * devicePixelRatio;
    context.lineJoin = "bevel";
    context.setLineDash(style.dash.map((length) => length * devicePixelRatio));
    context.beginPath();
    let isDown = false;
    const go = (bar: number, value: number) => {
      if (isDown) context.lineTo(frame.x(bar), frame.y(value));
      else context.moveTo(frame.x(bar), frame.y(value));
      isDown = true;
    };
    for (const column of pixelColumns(from, to, frame.x)) {
      const known = pointsOf(values, column);
      if (known.length === 0 && !style.isGapless) isDown = false;
      for (const [bar, value] of known) go(bar, value);
    }
    context.stroke();
  });
}

/** What of a column of pixels a line goes through: its first value, the lowest, the highest and the last, in their order. */
function pointsOf(values: readonly (number | null)[], { first, last }: PixelColumn): [bar: number, value: number][] {
  const known: [number, number][] = [];
  for (let bar = first; bar <= last; bar += 1) {
    const value = values[bar] ?? null;
    if (value !== null) known.push([bar, value]);
  }
  if (known.length <= 4) return known;
  const heights = known.map(([, value]) => value);
  const [lowest, highest] = [heights.indexOf(Math.min(...heights)), heights.indexOf(Math.max(...heights))];
  return known.filter((_, at) => at === 0 || at === known.length - 1 || at === lowest || at === highest);
}
