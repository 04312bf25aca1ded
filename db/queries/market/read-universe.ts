import type { Sql } from "../../client.ts";
import { type IndicatorColumn, type martTables, valuesOf } from "./read-screen-columns.ts";

/** A ticker's life in the warehouse. */
export type ListedTicker = {
  ticker: string;
  name: string | null;
  type: string | null;
  /** Its first and last bar that are published. */
  firstDate: string;
  lastDate: string;
  delistedOn: string | null;
};

/** The tickers whose history spans a session, by symbol: delisted since or not. `type` null: of any. */
export function selectUniverse(sql: Sql, session: string, type: string | null): Promise<ListedTicker[]> {
  return sql<ListedTicker[]>`
    select
      ticker,
      name,
      type,
      first_trade_date as "firstDate",
      last_trade_date as "lastDate",
      delisted_on as "delistedOn"
    from public.dim_tickers
    where
      first_trade_date <= ${session}::date
      and last_trade_date >= ${session}::date
      and (${type}::text is null or type = ${type}::text)
    order by ticker`;
}

/** When one ticker was listed; null where no bar of it is published. */
export async function selectListing(sql: Sql, ticker: string): Promise<ListedTicker | null> {
  const [row] = await sql<ListedTicker[]>`
    select
      ticker,
      name,
      type,
      first_trade_date as "firstDate",
      last_trade_date as "lastDate",
      delisted_on as "delistedOn"
    from public.dim_tickers
    where ticker = ${ticker}::text and first_trade_date is not null`;
  return row ?? null;
}

/** The indicators of a ticker's last bar, in the order of `columns`; null without one. `table`: the mart, or the facts. */
export async function selectIndicators(
  sql: Sql,
  table: typeof martTables.latest | typeof martTables.facts,
  ticker: string,
  columns: readonly IndicatorColumn[],
): Promise<(number | null)[] | null> {
  const [row] = await sql<{ values: (number | null)[] }[]>`
    select to_json(${valuesOf(sql, columns)}) as values
    from public.${sql(table)} as bars
    where ticker = ${ticker}::text
    order by trade_date desc
    limit 1`;
  return row?.values ?? null;
}
