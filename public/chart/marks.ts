import type uPlot from "uplot";
import type { ChartEvent, EventKind } from "../../views/market/chart/events.ts";
import type { Colours } from "./colours.ts";
import { barsInSight, withClip } from "./draw.ts";

/** In which row at the top of the plot each kind stands. */
const rows: Record<EventKind, number> = { split: 0, dividend: 1, rename: 2, correction: 3 };

/** A box with a word in it; whole at the edges of the plot, and left out where it would cover the one before it in its row. */
function drawMark(plot: uPlot, event: ChartEvent, colour: string, sheet: string, taken: number[]): void {
  const scale = devicePixelRatio;
  const { ctx: context, bbox } = plot;
  const row = rows[event.kind];
  const width = context.measureText(event.mark).width + 7 * scale;
  const within = [bbox.left + width / 2 + scale, bbox.left + bbox.width - width / 2 - scale] as const;
  const x = Math.min(Math.max(plot.valToPos(event.bar, "x", true), within[0]), within[1]);
  if (x - width / 2 < (taken[row] ?? Number.NEGATIVE_INFINITY)) return;
  taken[row] = x + width / 2;
  const y = bbox.top + (9 + row * 15) * scale;
  context.fillStyle = sheet;
  context.strokeStyle = colour;
  context.beginPath();
  context.roundRect(x - width / 2, y - 7 * scale, width, 14 * scale, 3 * scale);
  context.fill();
  context.stroke();
  context.fillStyle = colour;
  context.fillText(event.mark, x, y + 0.5 * scale);
}

/** What happened to the shares and their numbers, at the top of the bar that it falls into; `events` of each kind are ascending. */
export function drawEvents(plot: uPlot, events: readonly ChartEvent[], count: number, colours: Colours): void {
  const [from, to] = barsInSight(plot, count);
  const scale = devicePixelRatio;
  withClip(plot, (context) => {
    context.font = `600 ${10 * scale}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineWidth = scale;
    context.setLineDash([]);
    const taken: number[] = [];
    for (const event of events) {
      if (event.bar < from || event.bar > to) continue;
      drawMark(plot, event, event.kind === "split" ? colours.accent : colours.soft, colours.sheet, taken);
    }
  });
}

/** The stretch that is measured: shaded, with its closes joined. */
export function drawMeasured(
  plot: uPlot,
  [from, to]: [number, number],
  closes: readonly number[],
  colours: Colours,
): void {
  const { bbox } = plot;
  const [left, right] = [plot.valToPos(from, "x", true), plot.valToPos(to, "x", true)];
  const [start, end] = [from, to].map((bar) => plot.valToPos(closes[bar] ?? 0, "y", true)) as [number, number];
  withClip(plot, (context) => {
    const colour = (closes[to] ?? 0) >= (closes[from] ?? 0) === from <= to ? colours.up : colours.down;
    context.globalAlpha = 0.12;
    context.fillStyle = colour;
    context.fillRect(Math.min(left, right), bbox.top, Math.abs(right - left), bbox.height);
    context.globalAlpha = 1;
    context.strokeStyle = colour;
    context.lineWidth = 1.5 * devicePixelRatio;
    context.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    context.beginPath();
    context.moveTo(left, start);
    context.lineTo(right, end);
    context.stroke();
  });
}
