import type uPlot from "uplot";
import type { Pane } from "../../views/market/chart/panes.ts";
import type { Colours } from "./colours.ts";

type Picture = { title: string; words: string; plots: readonly uPlot[]; panes: readonly Pane[]; colours: Colours };

/** The legend of a pane, in the colours of its lines; answers how far it reached. */
function drawLegend(
  context: CanvasRenderingContext2D,
  pane: Pane,
  top: number,
  scale: number,
  colours: Colours,
): number {
  if (pane.lines.length === 0) return top;
  let left = 12 * scale;
  context.font = `${12 * scale}px system-ui, sans-serif`;
  for (const { label, tone, dash } of pane.lines) {
    context.strokeStyle = colours[tone];
    context.lineWidth = 1.6 * scale;
    context.setLineDash(dash.map((length) => length * scale));
    context.beginPath();
    context.moveTo(left, top + 9 * scale);
    context.lineTo(left + 24 * scale, top + 9 * scale);
    context.stroke();
    context.fillStyle = colours.ink;
    context.fillText(label, left + 30 * scale, top + 13 * scale);
    left += 46 * scale + context.measureText(label).width;
  }
  context.setLineDash([]);
  return top + 20 * scale;
}

/** The chart as it is seen, on one canvas: a title, legends and panes from the top down. */
function compose({ title, words, plots, panes, colours }: Picture): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  const scale = devicePixelRatio;
  const head = 46 * scale;
  const legends = panes.filter(({ lines }) => lines.length > 0).length * 20 * scale;
  canvas.width = Math.max(...plots.map(({ ctx }) => ctx.canvas.width));
  canvas.height = head + legends + plots.reduce((sum, { ctx }) => sum + ctx.canvas.height, 0);
  const context = canvas.getContext("2d");
  if (!context) return canvas;
  context.fillStyle = colours.sheet;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = colours.ink;
  context.font = `600 ${16 * scale}px system-ui, sans-serif`;
  context.fillText(title, 12 * scale, 20 * scale);
  context.fillStyle = colours.soft;
  context.font = `${12 * scale}px system-ui, sans-serif`;
  context.fillText(words, 12 * scale, 38 * scale, canvas.width - 24 * scale);
  let top = head;
  plots.forEach((plot, index) => {
    const pane = panes[index];
    if (pane) top = drawLegend(context, pane, top, scale, colours);
    context.drawImage(plot.ctx.canvas, 0, top);
    top += plot.ctx.canvas.height;
  });
  return canvas;
}

/** Saves the chart as it is seen as a PNG. */
export function savePicture(picture: Picture, name: string): void {
  compose(picture).toBlob((blob) => {
    if (!blob) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  }, "image/png");
}
