import type { Sql } from "../../client.ts";
import { type IndicatorColumn, type martTables, valuesOf } from "./read-screen-columns.ts";
import { hasSecurities } from "./read-securities.ts";

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

/**
 * The securities whose history spans a session, by the symbol that they had then: delisted since, renamed or neither. `type` null: of any. The first and
 * last bar are the security's, under whatever symbols.
 */
export async function selectUniverse(sql: Sql, session: string, type: string | null): Promise<ListedTicker[]> {
  if (!(await hasSecurities(sql))) return await selectUniverseOfLabels(sql, session, type);
  return await sql<ListedTicker[]>`
    select
      periods.ticker,
      securities.name,
      securities.type,
      securities.first_session as "firstDate",
      securities.last_session as "lastDate",
      case when securities.status = 'delisted' then securities.delisted_on end as "delistedOn"
    from public.dim_ticker_periods as periods
    inner join public.dim_securities as securities on securities.security_id = periods.security_id
    where
      periods.first_session <= ${session}::date
      and periods.last_session >= ${session}::date
      and (${type}::text is null or securities.type = ${type}::text)
    order by periods.ticker`;
}

function selectUniverseOfLabels(sql: Sql, session: string, type: string | null): Promise<ListedTicker[]> {
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
