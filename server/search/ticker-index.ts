import type { Sql } from "../../db/client.ts";
import {
  type FormerName,
  type NamedTicker,
  selectFormerLabels,
  selectFormerNames,
  selectNamedTickers,
} from "../../db/queries/market/read-search.ts";
import { rankOf, worstRank } from "./rank.ts";

/** A ticker that was found, how well, and the former name by which it was, where that was it. */
type FoundTicker = { ticker: string; name: string; active: boolean; rank: number; former: string | null };

/** All tickers of the market, to be searched as somebody types. */
export type TickerIndex = {
  /** The best `limit`. A symbol counts before a former symbol, and that before a name. */
  find(query: string, limit: number): Promise<FoundTicker[]>;
  /** The symbol that the text is, or is in another case where only one is. */
  symbol(query: string): Promise<string | null>;
};

type Entry = NamedTicker & { code: string; words: string; former: { text: string; folded: string }[] };

function toEntries(tickers: readonly NamedTicker[], formerNames: readonly FormerName[]): Entry[] {
  const former = Map.groupBy(formerNames, ({ ticker }) => ticker);
  return tickers.map((row) => ({
    ...row,
    code: row.ticker.toLowerCase(),
    words: row.name.toLowerCase(),
    former: (former.get(row.ticker) ?? []).map(({ former: text }) => ({ text, folded: text.toLowerCase() })),
  }));
}

async function readEntries(read: Sql): Promise<Entry[]> {
  const [tickers, labels, names] = await Promise.all([
    selectNamedTickers(read),
    selectFormerLabels(read),
    selectFormerNames(read),
  ]);
  return toEntries(tickers, [...labels, ...names]);
}

function foundIn(entry: Entry, query: string, folded: string): FoundTicker | null {
  const { ticker, name, active } = entry;
  const bySymbol = rankOf(ticker, entry.code, query, folded);
  if (bySymbol !== null && bySymbol <= 2) return { ticker, name, active, rank: bySymbol, former: null };
  let best = name === "" ? null : rankOf(name, entry.words, query, folded);
  if (best !== null) best = Math.max(2, best) + 1;
  let by: string | null = null;
  for (const { text, folded: known } of entry.former) {
    const rank = rankOf(text, known, query, folded);
    if (rank === null || (best !== null && rank + 1 >= best)) continue;
    best = rank + 1;
    by = text;
  }
  if (best === null && bySymbol !== null) best = bySymbol;
  return best === null ? null : { ticker, name, active, rank: Math.min(worstRank, best), former: by };
}

/** The entries that answer, the best first; of equally good ones in their order, and no more than are wanted are kept. */
function search(entries: readonly Entry[], query: string, limit: number): FoundTicker[] {
  const folded = query.toLowerCase();
  const byRank: FoundTicker[][] = Array.from({ length: worstRank + 1 }, () => []);
  for (const entry of entries) {
    const found = foundIn(entry, query, folded);
    const alike = found && byRank[found.rank];
    if (alike && alike.length < limit) alike.push(found);
  }
  return byRank.flat().slice(0, limit);
}

/**
 * Keeps the tickers in memory, some 2 MB for the whole market, and reads them again once they are older than `keepMs`, while the older
 * ones still answer: a key that is typed waits for no database.
 */
export function createTickerIndex(options: { read: Sql; keepMs: number; now: () => Date }): TickerIndex {
  const { read, keepMs, now } = options;
  let kept: { entries: Entry[]; readAt: number } | undefined;
  let reading: Promise<Entry[]> | undefined;

  const refresh = (): Promise<Entry[]> => {
    const readAt = now().getTime();
    reading ??= readEntries(read)
      .then((entries) => {
        kept = { entries, readAt };
        return entries;
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
  const entries = async (): Promise<Entry[]> => {
    if (kept === undefined) return await refresh();
    // One that fails is tried again by the next who asks; whoever typed this key has an answer.
    if (Math.abs(now().getTime() - kept.readAt) >= keepMs) refresh().catch(() => undefined);
    return kept.entries;
  };

  return {
    find: async (query, limit) => search(await entries(), query, limit),
    async symbol(query) {
      const known = await entries();
      if (known.some(({ ticker }) => ticker === query)) return query;
      const folded = query.toLowerCase();
      const alike = known.filter(({ code }) => code === folded);
      return alike.length === 1 ? (alike[0]?.ticker ?? null) : null;
    },
  };
}
