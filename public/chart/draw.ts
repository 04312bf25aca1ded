import type uPlot from "uplot";
import type { Colours } from "./colours.ts";

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
export function barWidth(plot: uPlot): number {
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

type CandleDrawing = { plot: uPlot; data: Candles; colours: Colours; scale: string };

function paintCandle(drawing: CandleDrawing, context: CanvasRenderingContext2D, index: number, width: number): void {
  const { plot, data, colours, scale } = drawing;
  const [open = 0, close = 0] = [data.open[index], data.close[index]];
  const y = (value: number) => plot.valToPos(value, scale, true);
  const x = Math.round(plot.valToPos(index, "x", true));
  const isUp = close >= open;
  const colour = isUp ? colours.up : colours.down;
  const line = devicePixelRatio;
  const [top, bottom] = [Math.min(y(open), y(close)), Math.max(y(open), y(close))];
  context.fillStyle = colour;
  const highAt = y(data.high[index] ?? close);
  const wickHeight = Math.max(line, y(data.low[index] ?? close) - highAt);
  context.fillRect(x - line / 2, highAt, line, wickHeight);
  if (width < thinnestBody * devicePixelRatio) return;
  const height = Math.max(line, bottom - top);
  context.fillRect(x - width / 2, top, width, height);
  if (isUp && width >= hollowFrom * devicePixelRatio && height > 3 * line) {
    context.fillStyle = colours.sheet;
    context.fillRect(x - width / 2 + line, top + line, width - 2 * line, height - 2 * line);
  }
}

/** Candles on a scale of prices. */
export function drawCandles(plot: uPlot, data: Candles, colours: Colours, scale = "y"): void {
  const [from, to] = barsInSight(plot, data.close.length);
  const width = barWidth(plot);
  withClip(plot, (context) => {
    for (let index = from; index <= to; index += 1) {
      paintCandle({ plot, data, colours, scale }, context, index, width);
    }
  });
}

/** Volume, at the foot of the price. */
export function drawVolume(plot: uPlot, data: Candles & { volume: number[] }, colours: Colours): void {
  const [from, to] = barsInSight(plot, data.close.length);
  const width = barWidth(plot);
  withClip(plot, (context) => {
    const base = plot.valToPos(0, "volume", true);
    context.globalAlpha = 0.34;
    for (let index = from; index <= to; index += 1) {
      const isUp = (data.close[index] ?? 0) >= (data.open[index] ?? 0);
      const top = plot.valToPos(data.volume[index] ?? 0, "volume", true);
      context.fillStyle = isUp ? colours.up : colours.down;
      context.fillRect(plot.valToPos(index, "x", true) - width / 2, top, width, base - top);
    }
  });
}
