import type { Sql } from "../../../../db/client.ts";
import { sessionsBetween } from "../../../../jobs/market/calendar.ts";
import { createRandom } from "../../../support/random.ts";
import { createMarts, publishMarts } from "../../market/sample.ts";
import { hostile } from "../../sample.ts";

/** Ten years of sessions: 2,516 of them. */
export const tenYears = sessionsBetween("2014-01-10", "2024-01-09");

export type SampleBar = { date: string; open: number; high: number; low: number; close: number; volume: number };

/** Bars of a price that wanders without aim, the same way for the same seed. */
export function wander(dates: readonly string[], { seed = 7, start = 40 } = {}): SampleBar[] {
  const random = createRandom(seed);
  const move = (size: number) => (random() + random() + random() - 1.5) * size;
  let close = start;
  return dates.map((date, session) => {
    const open = close * (1 + move(0.012));
    close = open * (1.0004 + move(0.03));
    const [top, bottom] = [Math.max(open, close), Math.min(open, close)];
    return {
      date,
      open,
      high: top * (1 + random() * 0.01),
      low: bottom * (1 - random() * 0.01),
      close,
      volume: 1e6 + session,
    };
  });
}

/** Publishes bars of one ticker, with as much of the marts as a backtest reads. */
export async function publishHistory(sql: Sql, ticker: string, bars: readonly SampleBar[]): Promise<void> {
  const columns = ["date", "open", "high", "low", "close", "volume"] as const;
  const [dates, ...numbers] = columns.map((column) => bars.map((bar) => String(bar[column])));
  const [open = [], high = [], low = [], close = [], volume = []] = numbers;
  for (const table of ["fct_polygon__stock_bars_performance", "sample_bars"]) {
    await sql`
      insert into public.${sql(table)} (ticker, trade_date, open_price, high_price, low_price, close_price, volume, split_factor,
        dollar_volume, return_1d, return_21d, return_252d)
      select ${ticker}, day::date, opened::numeric, high::numeric, low::numeric, closed::numeric, volume::numeric, 1,
        volume::numeric * closed::numeric, closed::numeric / lag(closed::numeric) over so_far - 1,
        closed::numeric / lag(closed::numeric, 21) over so_far - 1,
        closed::numeric / lag(closed::numeric, 252) over so_far - 1
      from unnest(${dates ?? []}::text[], ${open}::text[], ${high}::text[], ${low}::text[], ${close}::text[], ${volume}::text[])
        as bars (day, opened, high, low, closed, volume)
      window so_far as (order by day)`;
  }
}

/**
 * A market of four: TEN with ten years, a split and a dividend inside; SPY beside it; GONE, delisted on 4 May 2021; HALT, with a
 * year, of which ten sessions are missing and five had no volume. EVIL has a hostile name and one bar.
 */
export async function addBacktestSample(sql: Sql): Promise<void> {
  await createMarts(sql);
  await sql`alter table public.fct_polygon__market_breadth_daily add column source_inserted_at timestamptz default now()`;
  await sql`
    insert into public.source_polygon_tickers (ticker, name, type, active, delisted_on, inserted_at)
    values ('TEN', 'Ten Years Inc.', 'CS', true, null, now()), ('SPY', 'The Market', 'ETF', true, null, now()),
      ('GONE', 'Gone Holdings', 'CS', false, '2021-05-04', now()), ('HALT', 'Halted Corp.', 'CS', true, null, now()),
      ('EVIL', ${hostile}, 'CS', true, null, now())`;
  await sql`
    insert into public.source_polygon_splits (ticker, execution_date, split_from, split_to, inserted_at)
    values ('TEN', '2020-08-31', 1, 4, now()), ('TEN', '2010-01-04', 1, 2, now())`;
  await sql`
    insert into public.source_polygon_dividends (ticker, ex_dividend_date, cash_amount, currency, active, inserted_at)
    values ('TEN', '2018-05-11', 0.73, 'USD', true, now())`;
  await publishHistory(sql, "TEN", wander(tenYears));
  await publishHistory(sql, "SPY", wander(tenYears, { seed: 11, start: 300 }));
  await publishHistory(sql, "GONE", wander(tenYears.filter((date) => date >= "2020-01-02" && date <= "2021-05-03")));
  const year = wander(tenYears.slice(-252), { seed: 3 });
  const halted = year.filter((_, session) => session < 100 || session >= 110);
  await publishHistory(
    sql,
    "HALT",
    halted.map((bar, session) => (session >= 150 && session < 155 ? { ...bar, volume: 0 } : bar)),
  );
  await publishHistory(sql, "EVIL", wander(tenYears.slice(-1)));
  await publishMarts(sql);
  await sql`analyze public.fct_polygon__stock_bars_performance`;
}
