/** The least of 1, 2 and 5 times a power of ten that is not below `least`. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const share = least / power;
  // A hair above a step is that step, told in binary.
  return ([1, 2, 5].find((step) => step >= share * (1 - 1e-9)) ?? 10) * power;
}

/** A number as near to what a person means as its binary fraction allows. */
const rounded = (value: number) => Number(value.toPrecision(12));

/** At the most `most` marks within a linear scale, at even numbers. */
export function linearTicks(min: number, max: number, most: number): number[] {
  if (!(max > min) || !Number.isFinite(max - min) || most < 1) return [];
  const step = niceStep((max - min) / most);
  const first = Math.ceil(min / step - 1e-9);
  const last = Math.floor(max / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => rounded((first + index) * step));
}

/** The digits of a decade that are marked, from the finest. */
const decades: readonly (readonly number[])[] = [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 5], [1, 3], [1]];

/** At the most `most` marks within a logarithmic scale; none where it reaches nought. Narrow scales have linear ones. */
export function logTicks(min: number, max: number, most: number): number[] {
  if (!(min > 0) || !(max > min) || most < 1) return [];
  const [first, last] = [Math.floor(Math.log10(min)), Math.floor(Math.log10(max))];
  if (max / min < 4) return linearTicks(min, max, most);
  const exponents = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  for (const digits of decades) {
    const marks = exponents.flatMap((exponent) => digits.map((digit) => rounded(digit * 10 ** exponent)));
    const within = marks.filter((mark) => mark >= min && mark <= max);
    if (within.length <= most) return within;
  }
  const every = Math.ceil(exponents.length / most);
  return exponents
    .filter((exponent) => exponent % every === 0)
    .map((exponent) => rounded(10 ** exponent))
    .filter((mark) => mark >= min && mark <= max)
    .slice(0, most);
}
