import type uPlot from "uplot";
import type { ChartData } from "../../views/market/chart-data.ts";
import type { Colours } from "./colours.ts";

/** Below this width in CSS pixels a body is no more than its wick. */
const thinnestBody = 2.5;
/** From this width on, a rising candle is hollow: told apart without colour. */
const hollowFrom = 5;

type Drawing = { plot: uPlot; data: ChartData; colours: Colours };

/** What a candle is drawn from. */
type Candles = Pick<ChartData, "open" | "high" | "low" | "close">;

function visible({ plot, data }: Drawing): [number, number] {
  const { min = 0, max = 0 } = plot.scales.x ?? {};
  return [Math.max(0, Math.floor(min ?? 0)), Math.min(data.date.length - 1, Math.ceil(max ?? 0))];
}

function barWidth({ plot }: Pick<Drawing, "plot">): number {
  return Math.abs(plot.valToPos(1, "x", true) - plot.valToPos(0, "x", true)) * 0.7;
}

function withClip({ plot }: Pick<Drawing, "plot">, paint: (context: CanvasRenderingContext2D) => void): void {
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

/** Candles, and volume at the foot. */
export function drawBars(drawing: Drawing): void {
  const { plot, data, colours } = drawing;
  const [from, to] = visible(drawing);
  const width = Math.max(devicePixelRatio, barWidth(drawing));
  withClip(drawing, (context) => {
    const base = plot.valToPos(0, "volume", true);
    context.globalAlpha = 0.34;
    for (let index = from; index <= to; index += 1) {
      const isUp = (data.close[index] ?? 0) >= (data.open[index] ?? 0);
      const top = plot.valToPos(data.volume[index] ?? 0, "volume", true);
      context.fillStyle = isUp ? colours.up : colours.down;
      context.fillRect(plot.valToPos(index, "x", true) - width / 2, top, width, base - top);
    }
    context.globalAlpha = 1;
    for (let index = from; index <= to; index += 1) {
      paintCandle({ ...drawing, scale: "price" }, context, index, width);
    }
  });
}

/** Candles alone, on the scale `y`. */
export function drawCandles(plot: uPlot, data: Candles, colours: Colours): void {
  const { min = 0, max = 0 } = plot.scales.x ?? {};
  const [from, to] = [Math.max(0, Math.floor(min ?? 0)), Math.min(data.close.length - 1, Math.ceil(max ?? 0))];
  const width = Math.max(devicePixelRatio, barWidth({ plot }));
  withClip({ plot }, (context) => {
    for (let index = from; index <= to; index += 1) {
      paintCandle({ plot, data, colours, scale: "y" }, context, index, width);
    }
  });
}

/** The first session on or after a date. */
const sessionAt = (data: ChartData, date: string) => data.date.findIndex((session) => session >= date);

/** What happened to the shares, at the top of the session that it happened before. */
export function drawActions(drawing: Drawing): void {
  const { plot, data, colours } = drawing;
  const [from, to] = visible(drawing);
  const scale = devicePixelRatio;
  const mark = (date: string, text: string, colour: string, row: number) => {
    const index = sessionAt(data, date);
    if (index < from || index > to) return;
    const { ctx: context, bbox } = plot;
    const y = bbox.top + (9 + row * 15) * scale;
    context.font = `600 ${10 * scale}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    const width = context.measureText(text).width + 7 * scale;
    // A mark at the edge of the plot stays whole.
    const within = [bbox.left + width / 2 + scale, bbox.left + bbox.width - width / 2 - scale] as const;
    const x = Math.min(Math.max(plot.valToPos(index, "x", true), within[0]), within[1]);
    context.fillStyle = colours.sheet;
    context.strokeStyle = colour;
    context.lineWidth = scale;
    context.beginPath();
    context.roundRect(x - width / 2, y - 7 * scale, width, 14 * scale, 3 * scale);
    context.fill();
    context.stroke();
    context.fillStyle = colour;
    context.fillText(text, x, y + 0.5 * scale);
  };
  // Quarterly dividends of many years would cover each other.
  const areFew = to - from < 1300;
  withClip(drawing, () => {
    if (areFew) for (const dividend of data.dividends) mark(dividend.date, "D", colours.soft, 1);
    for (const { date, from: before, to: after } of data.names) mark(date, `${before} → ${after}`, colours.soft, 2);
    for (const split of data.splits) mark(split.date, `${split.to}:${split.from}`, colours.accent, 0);
  });
}
