import type uPlot from "uplot";
import type { BacktestChart } from "../../views/research/backtest-data.ts";
import type { Colours } from "../chart/colours.ts";

/** More marks than this in sight are drawn smaller, not to cover the price. */
const manyMarks = 120;

/** Triangles at the fills: pointing up from below where bought, down from above where sold. */
export function drawMarks(plot: uPlot, { marks }: BacktestChart, colours: Colours): void {
  const { min = 0, max = 0 } = plot.scales.x ?? {};
  const shown = marks.filter(({ session }) => session >= (min ?? 0) && session <= (max ?? 0));
  const size = (shown.length > manyMarks ? 3.5 : 5.5) * devicePixelRatio;
  const { ctx: context, bbox } = plot;
  context.save();
  context.beginPath();
  context.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  context.clip();
  context.lineWidth = devicePixelRatio;
  context.strokeStyle = colours.sheet;
  for (const { session, price, side } of shown) {
    const x = plot.valToPos(session, "x", true);
    const tip = plot.valToPos(price, "y", true);
    const base = tip + (side === "buy" ? 1.8 : -1.8) * size;
    context.beginPath();
    context.moveTo(x, tip);
    context.lineTo(x - size, base);
    context.lineTo(x + size, base);
    context.closePath();
    context.fillStyle = side === "buy" ? colours.up : colours.down;
    context.fill();
    context.stroke();
  }
  context.restore();
}
