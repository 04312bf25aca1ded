import type { Sql } from "../../client.ts";
import { hasSecurities } from "./read-securities.ts";

export type NamedTicker = { ticker: string; name: string; active: boolean };

/** Every listed ticker, those that trade first. */
export function selectNamedTickers(sql: Sql): Promise<NamedTicker[]> {
  return sql<NamedTicker[]>`
    select ticker, name, active from public.source_polygon_tickers order by active desc, ticker`;
}

/** Another name by which a ticker's security is known: the label that it had before, or what the company was called. */
export type FormerName = { ticker: string; former: string };

/** Labels that securities had before the one that they have now; none before securities are published. */
export async function selectFormerLabels(sql: Sql): Promise<FormerName[]> {
  if (!(await hasSecurities(sql))) return [];
  return await sql<FormerName[]>`
    select distinct securities.ticker, periods.ticker as former
    from public.dim_ticker_periods as periods
    inner join public.dim_securities as securities on securities.security_id = periods.security_id
    where periods.ticker <> securities.ticker`;
}

/** What securities were called under earlier labels, where it is not what they are called now. */
export async function selectFormerNames(sql: Sql): Promise<FormerName[]> {
  if (!(await hasSecurities(sql))) return [];
  return await sql<FormerName[]>`
    select distinct securities.ticker, listings.name as former
    from public.source_polygon_listings as listings
    inner join public.dim_ticker_periods as periods on periods.ticker = listings.ticker
    inner join public.dim_securities as securities on securities.security_id = periods.security_id
    where
      (listings.composite_figi = securities.composite_figi or listings.cik = securities.cik)
      and listings.name <> securities.name`;
}
