import type { Sql } from "../../client.ts";

export type WarehouseSize = { bars: number; tickers: number; firstDate: string | null; lastDate: string | null };

/** Counting every bar of ten years takes seconds: longer than a page may, and never without end. */
const countTimeout = "60s";

/**
 * Counts the published bars, exactly. Tickers and dates come from hops along the unique index (ticker, trade_date), one probe
 * a ticker, as PostgreSQL has no skip scan for `distinct`. Fails with SQLSTATE 42P01 before the first publish.
 */
export async function countPublishedBars(sql: Sql): Promise<WarehouseSize> {
  return await sql.begin("read only", async (transaction) => {
    await transaction`select set_config('statement_timeout', ${countTimeout}::text, true)`;
    const [size] = await transaction<[WarehouseSize]>`
      with recursive tickers as (
        (select ticker from public.fct_polygon__stock_bars_performance order by ticker limit 1)
        union all
        select (
          select bar.ticker from public.fct_polygon__stock_bars_performance as bar
          where bar.ticker > tickers.ticker
          order by bar.ticker
          limit 1
        )
        from tickers
        where tickers.ticker is not null
      ),
      ranges as (
        select
          ticker,
          (select min(trade_date) from public.fct_polygon__stock_bars_performance as bar
            where bar.ticker = tickers.ticker) as first_date,
          (select max(trade_date) from public.fct_polygon__stock_bars_performance as bar
            where bar.ticker = tickers.ticker) as last_date
        from tickers
        where ticker is not null
      )
      select
        (select count(*) from public.fct_polygon__stock_bars_performance) as "bars",
        count(*) as "tickers",
        min(first_date) as "firstDate",
        max(last_date) as "lastDate"
      from ranges`;
    return size;
  });
}
