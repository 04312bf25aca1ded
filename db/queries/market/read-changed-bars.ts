import type { Sql } from "../../client.ts";

/** A bar that the vendor stated anew, or took back, and since when. */
export type ChangedBar = { ticker: string; date: string; change: "revised" | "withdrawn"; at: Date };

/** The newest changes of all tickers. */
export function selectChangedBars(sql: Sql, limit: number): Promise<ChangedBar[]> {
  return sql<ChangedBar[]>`
    (
      select ticker, trade_date as date, 'revised' as change, replaced_at as at
      from public.source_polygon_stock_bars_restatements
      order by replaced_at desc
      limit ${limit}::int
    )
    union all
    (
      select ticker, trade_date, 'withdrawn', withdrawn_at
      from public.source_polygon_withdrawn_bars
      order by withdrawn_at desc
      limit ${limit}::int
    )
    order by at desc, ticker, date
    limit ${limit}::int`;
}
