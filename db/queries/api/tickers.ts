import type { Sql } from "../../client.ts";

export type TickerRow = { ticker: string; name: string; type: string | null; active: boolean };

/** Tickers whose symbol begins with `search` or whose name contains it, in any case; exact symbols first, then by symbol. */
export async function searchTickers(sql: Sql, search: string, limit: number): Promise<TickerRow[]> {
  const pattern = search.replace(/[\\%_]/g, "\\$&");
  return await sql<TickerRow[]>`
    select ticker, name, type, active
    from public.source_polygon_tickers
    where ticker ilike ${`${pattern}%`}::text or name ilike ${`%${pattern}%`}::text
    order by
      upper(ticker) = upper(${search}::text) desc,
      ticker ilike ${`${pattern}%`}::text desc,
      active desc,
      ticker
    limit ${limit}::int`;
}
