import { closest, distance } from "fastest-levenshtein";

/**
 * The known name with the smallest edit distance, where that is small enough to be a slip: at most `furthest`, and at most two
 * thirds of the longer name, as between short names everything is near.
 */
export function nearest(name: string, known: readonly string[], furthest: number): string | undefined {
  if (known.length === 0) return undefined;
  const best = closest(name, known);
  const edits = distance(name, best);
  return edits <= furthest && edits * 3 <= Math.max(name.length, best.length) * 2 ? best : undefined;
}
