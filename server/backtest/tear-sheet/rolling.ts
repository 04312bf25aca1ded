import { sessionsAYear } from "../curve.ts";
import { mean } from "../statistics.ts";
import { at } from "../strategy.ts";

/** Sessions that each value looks back on: half a year, as QuantStats has it. */
export const rollingSessions = 126;

/** Returns with what every window needs of them. They are told from their mean, as squares of large numbers lose what is small. */
type Windows = {
  returns: Float64Array;
  center: number;
  distances: Float64Array;
  /** By session, over the window that ends in it: the sum of distances, and of squared distances from the window's own mean. */
  sums: Float64Array;
  squares: Float64Array;
};

/** By session the sum of the last `rollingSessions`; begun anew after as many, so that rounding does not add up. NaN before there are so many. */
function slidingSums(values: Float64Array): Float64Array {
  const sums = new Float64Array(values.length).fill(Number.NaN);
  let sum = 0;
  for (let session = 0; session < values.length; session++) {
    sum += at(values, session);
    const first = session - rollingSessions + 1;
    if (first > 0) sum -= at(values, first - 1);
    if (first < 0) continue;
    if (first % rollingSessions === 0) {
      sum = 0;
      for (let inside = first; inside <= session; inside++) sum += at(values, inside);
    }
    sums[session] = sum;
  }
  return sums;
}

function windowsOf(returns: Float64Array): Windows {
  const center = mean(returns);
  const distances = returns.map((value) => value - center);
  const sums = slidingSums(distances);
  const squares = slidingSums(distances.map((distance) => distance * distance));
  let same = 0;
  for (let session = 0; session < returns.length; session++) {
    const isSame = session > 0 && at(returns, session) === at(returns, session - 1);
    same = isSame ? same + 1 : 1;
    const sum = at(sums, session);
    // Equal returns do not move, whatever rounding has left.
    squares[session] = same >= rollingSessions ? 0 : at(squares, session) - (sum * sum) / rollingSessions;
  }
  return { returns, center, distances, sums, squares };
}

const definedOf = (value: number): number => (Number.isFinite(value) ? value : Number.NaN);

/** Annual Sharpe ratio and volatility by session; NaN where there are too few sessions, or they do not move. `free` is the risk-free rate of one. */
export function rollingRisk(returns: Float64Array, free: number): { sharpe: Float64Array; volatility: Float64Array } {
  const { center, sums, squares } = windowsOf(returns);
  const deviations = squares.map((sum) => Math.sqrt(Math.max(sum, 0) / (rollingSessions - 1)));
  return {
    volatility: deviations.map((deviation) => deviation * Math.sqrt(sessionsAYear)),
    sharpe: deviations.map((deviation, session) => {
      const average = center + at(sums, session) / rollingSessions;
      return definedOf(((average - free) / deviation) * Math.sqrt(sessionsAYear));
    }),
  };
}

/** Beta by session against the returns of something else over the same sessions; NaN where that does not move. */
export function rollingBeta(returns: Float64Array, others: Float64Array): Float64Array {
  const [own, other] = [windowsOf(returns), windowsOf(others)];
  const products = slidingSums(own.distances.map((distance, session) => distance * at(other.distances, session)));
  return products.map((product, session) => {
    const joint = product - (at(own.sums, session) * at(other.sums, session)) / rollingSessions;
    return definedOf(joint / at(other.squares, session));
  });
}
