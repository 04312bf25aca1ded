import type { JsonValue, TransactionSql } from "../../client.ts";

/** Below this share of what is known, a list is an outage: nobody counts as gone from it. */
const leastListed = 0.9;
/** Fewer than these may all have gone. */
const manyListings = 10;

/**
 * Takes over the rows of the vendor's lists of tickers, `listing` being what names one among those of its ticker. What the lists no longer
 * have is marked where they have its ticker: an inactive row at once, an active one once the same security is listed as inactive or
 * another as active. Answers whether so much was missing that nothing was marked.
 */
export async function mergeListings(
  transaction: TransactionSql,
  rows: JsonValue,
  insertedAt: Date,
): Promise<{ isOutage: boolean }> {
  await transaction`
    create temporary table listed on commit drop as
    select distinct on (ticker, listing) item.*
    from jsonb_to_recordset(${transaction.json(rows)}::jsonb) as item (
      "ticker" text collate "C", "listing" text collate "C", "name" text, "type" text, "active" boolean, "compositeFigi" text, "cik" text,
      "primaryExchange" text, "delistedOn" date)
    order by ticker, listing`;
  const [seen] = await transaction<[{ known: number; kept: number }]>`
    select count(*)::int as known, count(listed.ticker)::int as kept
    from public.source_polygon_listings known left join (select distinct ticker from listed) as listed using (ticker)
    where known.listed`;
  const isOutage = seen.known > manyListings && seen.kept < leastListed * seen.known;
  if (!isOutage) await markGone(transaction, insertedAt);
  await transaction`
    insert into public.source_polygon_listings as known
      (ticker, listing, name, type, active, composite_figi, cik, primary_exchange, delisted_on, placed_at, inserted_at)
    select ticker, listing, name, type, active, "compositeFigi", cik, "primaryExchange", "delistedOn",
      ${insertedAt}::timestamptz, ${insertedAt}::timestamptz
    from listed
    on conflict (ticker, listing) do update set name = excluded.name, primary_exchange = excluded.primary_exchange,
      listed = true, inserted_at = excluded.inserted_at,
      placed_at = case when known.listed then known.placed_at else excluded.placed_at end
    where (known.name, known.primary_exchange, known.listed)
      is distinct from (excluded.name, excluded.primary_exchange, true)`;
  return { isOutage };
}

/** A list that is cut short must not give a label's bars to whoever held it before. */
async function markGone(transaction: TransactionSql, insertedAt: Date): Promise<void> {
  await transaction`
    update public.source_polygon_listings known
    set listed = false, placed_at = ${insertedAt}::timestamptz, inserted_at = ${insertedAt}::timestamptz
    where known.listed
      and not exists (select from listed where listed.ticker = known.ticker and listed.listing = known.listing)
      and exists (
        select from listed
        where listed.ticker = known.ticker
          and (
            not known.active
            or listed.active
            or listed."compositeFigi" = known.composite_figi
            or listed.cik = known.cik
            or coalesce(known.composite_figi, known.cik) is null
          ))`;
}
