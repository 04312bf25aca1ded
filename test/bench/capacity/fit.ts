/** What was measured once: how much there was of each driver, and what it cost. */
export type Point = { drivers: readonly number[]; cost: number };

/** So much for one unit of each driver, and the most that it misses a point by, as a share of what was measured. */
export type Fit = { rates: readonly number[]; worstMiss: number };

/** A fit that is better by less has only found another name for the same growth. */
const betterBy = 1e-9;

/**
 * The sum of drivers that comes nearest to what was measured, none with a rate below zero: so more of anything never costs less. Misses
 * count as shares of the cost, that a small market counts as much as a large one. Of equally good fits it takes the one with fewer drivers,
 * and of those the one with later drivers. Some three drivers at the most: it tries each choice of them.
 */
export function fitGrowth(points: readonly Point[]): Fit {
  const count = points[0]?.drivers.length ?? 0;
  let best: { rates: number[]; squares: number } = {
    rates: Array<number>(count).fill(0),
    squares: squaresOf(points, []),
  };
  for (const chosen of choicesOf(count)) {
    const rates = leastSquares(points, chosen);
    if (rates === null || rates.some((rate) => !(rate >= 0))) continue;
    const all = Array<number>(count).fill(0);
    for (const [index, driver] of chosen.entries()) all[driver] = rates[index] ?? 0;
    const squares = squaresOf(points, all);
    if (squares < best.squares - betterBy) best = { rates: all, squares };
  }
  const misses = points.map((point) => Math.abs(missOf(point, best.rates)));
  return { rates: best.rates, worstMiss: Math.max(0, ...misses) };
}

/** Every set of drivers but none: the small ones first, and later drivers before earlier ones. */
function choicesOf(count: number): number[][] {
  const sets = Array.from({ length: 2 ** count - 1 }, (_, index) => 2 ** count - 1 - index);
  const members = sets.map((set) =>
    Array.from({ length: count }, (_, driver) => driver).filter((driver) => set & (1 << driver)),
  );
  return members.toSorted((one, other) => one.length - other.length);
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
/** A cost that is none, of which no share can be missed. */
const tiny = 1e-9;
const weightOf = ({ cost }: Point) => (cost > tiny ? 1 / cost : 1);
const missOf = (point: Point, rates: readonly number[]) =>
  (sum(rates.map((rate, driver) => rate * (point.drivers[driver] ?? 0))) - point.cost) * weightOf(point);
const squaresOf = (points: readonly Point[], rates: readonly number[]) =>
  sum(points.map((point) => missOf(point, rates) ** 2));

/** By the normal equations, of columns brought to one size; null where the points do not tell the drivers apart. */
function leastSquares(points: readonly Point[], chosen: readonly number[]): number[] | null {
  const columns = chosen.map((driver) => points.map((point) => (point.drivers[driver] ?? 0) * weightOf(point)));
  const sizes = columns.map((column) => Math.sqrt(sum(column.map((value) => value * value))) || 1);
  const unit = columns.map((column, index) => column.map((value) => value / (sizes[index] ?? 1)));
  const wanted = points.map((point) => point.cost * weightOf(point));
  const product = (one: readonly number[], other: readonly number[]) =>
    sum(one.map((value, index) => value * (other[index] ?? 0)));
  const rows = unit.map((column) => [...unit.map((other) => product(column, other)), product(column, wanted)]);
  return solve(rows)?.map((rate, index) => rate / (sizes[index] ?? 1)) ?? null;
}

/** Gauss' elimination of rows whose last column is the right side; null where they are not independent. */
function solve(rows: number[][]): number[] | null {
  const count = rows.length;
  for (let column = 0; column < count; column += 1) {
    const below = rows.slice(column);
    const pivot = below.reduce(
      (best, row) => (Math.abs(row[column] ?? 0) > Math.abs(best[column] ?? 0) ? row : best),
      below[0] ?? [],
    );
    if (Math.abs(pivot[column] ?? 0) < 1e-9) return null;
    rows = [...rows.slice(0, column), pivot, ...below.filter((row) => row !== pivot)];
    rows = rows.map((row, index) => {
      if (index === column) return row;
      const factor = (row[column] ?? 0) / (pivot[column] ?? 1);
      return row.map((value, place) => value - factor * (pivot[place] ?? 0));
    });
  }
  return rows.map((row, index) => (row[count] ?? 0) / (row[index] ?? 1));
}
