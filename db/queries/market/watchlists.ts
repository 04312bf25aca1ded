import type { Sql, TransactionSql } from "../../client.ts";

export type WatchlistRow = {
  id: number;
  name: string;
  createdAt: Date;
  createdBy: string;
  deletedAt: Date | null;
  tickers: number;
};

const columns = (sql: Sql | TransactionSql) => sql`
  id, name, created_at as "createdAt", created_by as "createdBy", deleted_at as "deletedAt",
  (select count(*)::int from barline.watched_tickers where watchlist_id = watchlists.id and removed_at is null) as tickers`;

/** Watchlists in their order; the deleted ones by themselves, the last deleted first. */
export function selectWatchlists(sql: Sql | TransactionSql, deleted = false): Promise<WatchlistRow[]> {
  return sql<WatchlistRow[]>`
    select ${columns(sql)}
    from barline.watchlists
    where (deleted_at is not null) = ${deleted}::boolean
    order by deleted_at desc, place, id`;
}

/** One watchlist, deleted or not. */
export async function selectWatchlist(sql: Sql, id: number): Promise<WatchlistRow | null> {
  const [row] = await sql<WatchlistRow[]>`select ${columns(sql)} from barline.watchlists where id = ${id}::bigint`;
  return row ?? null;
}

/** Locks a watchlist until the transaction ends, so that two changes of it follow each other. */
export async function lockWatchlist(
  transaction: TransactionSql,
  id: number,
): Promise<{ name: string; deletedAt: Date | null } | null> {
  const [row] = await transaction<{ name: string; deletedAt: Date | null }[]>`
    select name, deleted_at as "deletedAt" from barline.watchlists where id = ${id}::bigint for update`;
  return row ?? null;
}

/** Keeps a new watchlist behind the others; a name that is taken is a unique violation. Answers its id. */
export async function insertWatchlist(
  transaction: TransactionSql,
  { name, by, at }: { name: string; by: string; at: Date },
): Promise<number> {
  const [row] = await transaction<[{ id: number }]>`
    insert into barline.watchlists (name, place, created_at, created_by)
    values (${name}::text, (select coalesce(max(place), 0) + 1 from barline.watchlists), ${at}::timestamptz, ${by}::text)
    returning id`;
  return row.id;
}

/** Gives a watchlist another name; one that is taken is a unique violation. */
export async function renameWatchlist(transaction: TransactionSql, id: number, name: string): Promise<void> {
  await transaction`update barline.watchlists set name = ${name}::text where id = ${id}::bigint`;
}

/** Puts a watchlist before all others. */
export async function placeWatchlistFirst(transaction: TransactionSql, id: number): Promise<void> {
  await transaction`
    update barline.watchlists set place = (select min(place) - 1 from barline.watchlists) where id = ${id}::bigint`;
}

/** Takes a watchlist off the lists; with null, puts it back. */
export async function setWatchlistDeleted(
  transaction: TransactionSql,
  id: number,
  { at, name }: { at: Date | null; name: string },
): Promise<void> {
  await transaction`
    update barline.watchlists set deleted_at = ${at}::timestamptz, name = ${name}::text where id = ${id}::bigint`;
}

/** One place of a watchlist. */
export type WatchedRow = {
  /** The label that it was put there by, which names it on its list. */
  addedAs: string;
  /** The label that its security has now. */
  ticker: string;
  securityId: string | null;
  name: string | null;
  note: string;
  addedAt: Date;
};

/**
 * What is on a watchlist, in its order, each by the label of now. `hasSecurities` says whether the table of securities is published; while it
 * is not, labels stand for themselves.
 */
export function selectWatched(sql: Sql, watchlistId: number, hasSecurities: boolean): Promise<WatchedRow[]> {
  const labels = hasSecurities
    ? sql`left join public.dim_securities as securities on securities.security_id = watched.security_id`
    : sql`left join (select null::text as security_id, null::text as ticker, null::text as name) as securities on false`;
  return sql<WatchedRow[]>`
    select
      watched.ticker as "addedAs",
      coalesce(securities.ticker, watched.ticker) as ticker,
      watched.security_id as "securityId",
      coalesce(securities.name, tickers.name) as name,
      watched.note,
      watched.added_at as "addedAt"
    from barline.watched_tickers as watched
    ${labels}
    left join public.source_polygon_tickers as tickers on tickers.ticker = watched.ticker
    where watched.watchlist_id = ${watchlistId}::bigint and watched.removed_at is null
    order by watched.place, watched.ticker`;
}

/** The label by which a list has a security, or a label; null where it has neither. One that was taken off counts. */
export async function selectWatchedAs(
  transaction: TransactionSql,
  watchlistId: number,
  { ticker, securityId }: { ticker: string; securityId: string | null },
): Promise<{ addedAs: string; isOn: boolean } | null> {
  const [row] = await transaction<{ addedAs: string; isOn: boolean }[]>`
    select ticker as "addedAs", removed_at is null as "isOn"
    from barline.watched_tickers
    where
      watchlist_id = ${watchlistId}::bigint
      and (security_id = ${securityId}::text or (ticker = ${ticker}::text and (security_id is null or ${securityId}::text is null)))
    order by removed_at is null desc, security_id is null
    limit 1`;
  return row ?? null;
}

/** Puts a security on a list, behind the others or back where it was. A null note leaves the one that it had. */
export async function insertWatched(
  transaction: TransactionSql,
  watchlistId: number,
  entry: { ticker: string; securityId: string | null; note: string | null; at: Date },
): Promise<void> {
  const { ticker, securityId, note, at } = entry;
  await transaction`
    insert into barline.watched_tickers (watchlist_id, ticker, security_id, place, note, added_at)
    values (${watchlistId}::bigint, ${ticker}::text, ${securityId}::text,
      (select coalesce(max(place), 0) + 1 from barline.watched_tickers where watchlist_id = ${watchlistId}::bigint),
      coalesce(${note}::text, ''), ${at}::timestamptz)
    on conflict (watchlist_id, ticker) do update
    set
      removed_at = null,
      security_id = excluded.security_id,
      note = coalesce(${note}::text, watched_tickers.note)`;
}

/** Takes what a list has by a label off it. */
export async function removeWatched(
  transaction: TransactionSql,
  watchlistId: number,
  addedAs: string,
  at: Date,
): Promise<void> {
  await transaction`
    update barline.watched_tickers set removed_at = ${at}::timestamptz
    where watchlist_id = ${watchlistId}::bigint and ticker = ${addedAs}::text`;
}

/** Keeps another note with what a list has by a label. */
export async function updateWatchedNote(
  transaction: TransactionSql,
  watchlistId: number,
  addedAs: string,
  note: string,
): Promise<void> {
  await transaction`
    update barline.watched_tickers set note = ${note}::text
    where watchlist_id = ${watchlistId}::bigint and ticker = ${addedAs}::text`;
}

/** The labels that a list has things by, in its order. */
export async function selectWatchedOrder(transaction: TransactionSql, watchlistId: number): Promise<string[]> {
  const rows = await transaction<{ ticker: string }[]>`
    select ticker from barline.watched_tickers
    where watchlist_id = ${watchlistId}::bigint and removed_at is null
    order by place, ticker`;
  return rows.map(({ ticker }) => ticker);
}

/** Puts what a list has by these labels into their order. */
export async function orderWatched(
  transaction: TransactionSql,
  watchlistId: number,
  addedAs: readonly string[],
): Promise<void> {
  await transaction`
    update barline.watched_tickers set place = wanted.place
    from unnest(${addedAs as string[]}::text[]) with ordinality as wanted (ticker, place)
    where watchlist_id = ${watchlistId}::bigint and watched_tickers.ticker = wanted.ticker`;
}

/** Whether the lists of the market, or its published bars, know a ticker. */
export async function isKnownTicker(sql: Sql | TransactionSql, ticker: string): Promise<boolean> {
  const [row] = await sql<[{ found: boolean }]>`
    select
      exists (select 1 from public.source_polygon_tickers where ticker = ${ticker}::text)
      or exists (select 1 from public.source_polygon_stock_bars_daily where ticker = ${ticker}::text) as found`;
  return row.found;
}
