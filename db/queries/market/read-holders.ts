import type { PendingQuery, Row } from "postgres";
import type { Sql } from "../../client.ts";
import { hasSecurities } from "./read-securities.ts";

/** Whose bars are asked for by a ticker: a security's, under whatever labels, or where `security` is null the label's own. */
export type AskedHolder = { ticker: string; security: string | null; newestLabel: string };

/** A holder, and whether any bar of it is published. */
export type FoundHolder = AskedHolder & { hasBars: boolean };

/**
 * Who holds some tickers, or held them last, in their order; the labels themselves where `exact`, or before securities are published. Whether anything is
 * published of them is known by their periods, a small table beside that of all bars.
 */
export async function selectAskedHolders(sql: Sql, tickers: readonly string[], exact: boolean): Promise<FoundHolder[]> {
  const isKnown = await hasSecurities(sql);
  if (exact || !isKnown) {
    const isPublished = isKnown ? hasBars(sql, "ticker", sql`asked.ticker`) : hasBarsOfLabel(sql);
    return await sql<FoundHolder[]>`
      select asked.ticker, null as security, asked.ticker as "newestLabel", ${isPublished} as "hasBars"
      from unnest(${tickers as string[]}::text[]) with ordinality as asked (ticker, position)
      order by asked.position`;
  }
  return await sql<FoundHolder[]>`
    select
      asked.ticker,
      labels.security_id as security,
      coalesce(securities.ticker, asked.ticker) as "newestLabel",
      case
        when labels.security_id is null then ${hasBars(sql, "ticker", sql`asked.ticker`)}
        else ${hasBars(sql, "security_id", sql`labels.security_id`)}
      end as "hasBars"
    from public.dim_securities as securities
    right join public.dim_tickers as labels on labels.security_id = securities.security_id
    right join unnest(${tickers as string[]}::text[]) with ordinality as asked (ticker, position)
      on asked.ticker = labels.ticker
    order by asked.position`;
}

const hasBars = (sql: Sql, key: "ticker" | "security_id", holder: PendingQuery<Row[]>) => sql`
  exists (
    select
    from public.dim_ticker_periods as periods
    where periods.${sql(key)} = ${holder} and periods.first_session is not null
  )`;

const hasBarsOfLabel = (sql: Sql) => sql`
  exists (select from public.fct_polygon__stock_bars_performance as facts where facts.ticker = asked.ticker)`;
