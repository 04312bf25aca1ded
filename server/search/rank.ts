/** How well a text answers what was typed: the lower, the better. */
export const worstRank = 5;

const isWordEnd = (before: string | undefined) => before === undefined || !/[\p{L}\p{N}]/u.test(before);

/**
 * 0 the text itself, 1 the same in another case, 2 its beginning, 3 the beginning of one of its words, 4 anywhere in it; null where
 * it is not in it. `folded` is the text in lower case, `query` as typed.
 */
export function rankOf(text: string, folded: string, query: string, foldedQuery: string): number | null {
  if (text === query) return 0;
  const at = folded.indexOf(foldedQuery);
  if (at < 0) return null;
  if (at === 0) return folded.length === foldedQuery.length ? 1 : 2;
  for (let word = at; word >= 0; word = folded.indexOf(foldedQuery, word + 1)) {
    if (isWordEnd(folded[word - 1])) return 3;
  }
  return 4;
}

/** The best of several texts about one thing, each of which counts for `less` less than it would by itself. */
export function bestRank(query: string, texts: readonly (readonly [text: string, less: number])[]): number | null {
  const foldedQuery = query.toLowerCase();
  const ranks = texts.flatMap(([text, less]) => {
    const rank = rankOf(text, text.toLowerCase(), query, foldedQuery);
    return rank === null ? [] : [Math.min(worstRank, rank + less)];
  });
  return ranks.length === 0 ? null : Math.min(...ranks);
}
