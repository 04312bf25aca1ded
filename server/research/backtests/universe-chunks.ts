import type { Sql } from "../../../db/client.ts";
import type { KeyColumn, ListedTicker } from "../../../db/queries/research/universe.ts";
import { selectOnlyLabels } from "../../../db/queries/research/universe-on-shards.ts";

/** Tickers read by one statement: few enough that a cold table answers within the statement timeout. */
export const tickersAtOnce = 200;
/** Bars that one statement counts back from where the servers do it beside each other: as many take about a second where the table is not in memory. */
const lookUpsAtOnce = 12_000;
/** Securities of several labels of which one statement counts back: all their bars are gathered on one server. */
const gatheredAtOnce = 50;

/** In pieces of at most so many. */
export const chunksOf = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

/** What bars of some listings are found by, with the numbers of those. */
export type FoundBy = { by: KeyColumn; keys: readonly string[]; numbers: readonly number[] };

type Listed = { listings: readonly ListedTicker[]; by: KeyColumn; distributed: boolean };

/** Listings by their keys. */
export const foundBy = (listings: readonly ListedTicker[], by: KeyColumn, numbers: readonly number[]): FoundBy => ({
  by,
  keys: numbers.map((number) => listings[number]?.key ?? ""),
  numbers,
});

/**
 * Listings in pieces, each for one statement that reads their bars and counts back from `lookUps` of each. Where bars are on several servers,
 * what had a label to itself is found by that, as one server can count it alone: so there are few statements.
 */
export async function chunksOfBars(
  read: Sql,
  { listings, by, distributed }: Listed,
  numbers: readonly number[],
  lookUps: number,
): Promise<FoundBy[]> {
  const byKey = (some: readonly number[], size: number) =>
    chunksOf(some, size).map((chunk) => foundBy(listings, by, chunk));
  if (!distributed || lookUps === 0 || by === "ticker") return byKey(numbers, tickersAtOnce);
  const labels = new Map((await selectOnlyLabels(read)).map(({ key, ticker }) => [key, ticker]));
  const labelOf = (number: number) => labels.get(listings[number]?.key ?? "");
  const alone = numbers.filter((number) => labelOf(number) !== undefined);
  const atOnce = Math.max(tickersAtOnce, Math.floor(lookUpsAtOnce / lookUps));
  return [
    ...chunksOf(alone, atOnce).map(
      (chunk): FoundBy => ({ by: "ticker", keys: chunk.map((number) => labelOf(number) ?? ""), numbers: chunk }),
    ),
    ...byKey(
      numbers.filter((number) => labelOf(number) === undefined),
      gatheredAtOnce,
    ),
  ];
}
