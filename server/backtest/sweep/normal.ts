/**
 * The standard normal distribution function, by Marsaglia's series (Evaluating the Normal Distribution, Journal of Statistical
 * Software 11(4), 2004): 1/2 + φ(x) × (x + x³/3 + x⁵/(3 × 5) + …).
 */
export function normalProbability(x: number): number {
  if (x > furthest) return 1;
  if (x < -furthest) return 0;
  let sum = 0;
  let term = x;
  for (let odd = 1; sum + term !== sum; odd += 2) {
    sum += term;
    term *= (x * x) / (odd + 2);
  }
  return 0.5 + sum * Math.exp(-0.5 * x * x - logRootOfTwoPi);
}

/** The inverse of `normalProbability` for probabilities between 0 and 1, by halving: some sixty steps, as exact as they can be. */
export function normalQuantile(probability: number): number {
  let [low, high] = [-furthest, furthest];
  for (let middle = 0; low < middle || middle < high; ) {
    if (normalProbability(middle) < probability) low = middle;
    else high = middle;
    const next = (low + high) / 2;
    if (next === low || next === high) return next;
    middle = next;
  }
  return low;
}

/** Beyond it the function is 0 or 1 to the last digit that a number has. */
const furthest = 9;
const logRootOfTwoPi = 0.5 * Math.log(2 * Math.PI);
