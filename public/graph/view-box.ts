/** The part of a drawing that is seen, in the drawing's own units. */
export type ViewBox = { x: number; y: number; width: number; height: number };

/** How far one can look closer, as a part of the whole. */
const closest = 1 / 12;

const within = (value: number, least: number, most: number) => Math.min(Math.max(value, least), Math.max(least, most));

/** The same part moved, but not beyond the whole. */
export function panned(seen: ViewBox, whole: ViewBox, by: { x: number; y: number }): ViewBox {
  return {
    ...seen,
    x: within(seen.x + by.x, whole.x, whole.x + whole.width - seen.width),
    y: within(seen.y + by.y, whole.y, whole.y + whole.height - seen.height),
  };
}

/** A part that is `factor` times as large, with the point `at` where it was; the whole at the most. */
export function zoomed(seen: ViewBox, whole: ViewBox, factor: number, at: { x: number; y: number }): ViewBox {
  const width = within(seen.width * factor, whole.width * closest, whole.width);
  const scale = width / seen.width;
  const next = {
    x: at.x - (at.x - seen.x) * scale,
    y: at.y - (at.y - seen.y) * scale,
    width,
    height: seen.height * scale,
  };
  return panned(next, whole, { x: 0, y: 0 });
}
