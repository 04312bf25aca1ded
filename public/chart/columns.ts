/** What one column of pixels shows of the bars that fall into it: from the first of them to the last. */
export type PixelColumn = { first: number; last: number };

/**
 * The bars from `from` to `to` by the columns of pixels that they fall into, where `xOf` is ascending: as many as there are bars while each
 * has a column of its own, and never more than there are pixels.
 */
export function pixelColumns(from: number, to: number, xOf: (bar: number) => number): PixelColumn[] {
  const columns: PixelColumn[] = [];
  let x = Number.NaN;
  for (let bar = from; bar <= to; bar += 1) {
    const at = Math.round(xOf(bar));
    const current = columns.at(-1);
    if (current && at === x) current.last = bar;
    else columns.push({ first: bar, last: bar });
    x = at;
  }
  return columns;
}
