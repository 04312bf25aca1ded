import { expect, test } from "bun:test";
import { judge, type Refusal } from "./citus-rules.ts";

const facts = "public.fct_polygon__stock_bars_performance";
const raw = "public.source_polygon_stock_bars_daily";

/** Statements as they were refused by a coordinator, or took minutes there. */
const refused: [Refusal, string][] = [
  [
    "recursive",
    `with recursive known as ((select ticker from ${raw} order by ticker limit 1) union all select 'x' from known) table known`,
  ],
  [
    "look-up",
    `select * from unnest($1::text[]) as wanted (ticker) cross join lateral (select * from ${facts} where ticker = wanted.ticker limit 3) as bars`,
  ],
  [
    "look-up",
    `select s.ticker, (select b.close from ${raw} as b where b.ticker = s.ticker order by b.trade_date limit 1) from public.source_polygon_splits as s`,
  ],
  [
    "look-up",
    `select * from ${facts} as bar where exists (select from ${facts} as other where other.security_id = bar.security_id and other.trade_date < bar.trade_date)`,
  ],
  [
    "look-up",
    `delete from barline.quarantined_bars as bars where not exists (select from ${raw} as raw where raw.ticker = bars.ticker)`,
  ],
  ["grouping sets", `select ticker, count(*) from ${raw} group by rollup (ticker)`],
  ["lock", `select * from ${raw} where trade_date = $1 for update`],
  ["clock", `select * from ${raw} where inserted_at > now() - interval '1 day'`],
  [
    "no column",
    `select exists (select from public.dim_tickers where ticker = $1) or exists (select ticker from ${raw} where ticker = $2)`,
  ],
  [
    "outer join",
    `select count(bar.trade_date) from (select 1) as paid left join ${facts} as bar on bar.security_id = $1`,
  ],
  ["volatile", `update ${raw} set inserted_at = clock_timestamp()`],
  ["unique", `create unique index on ${raw} (trade_date)`],
];

for (const [reason, statement] of refused)
  test(`${reason} is told of ${statement.slice(0, 70)}…`, async () => {
    expect([...(await judge(statement))]).toEqual([reason]);
  });

test("what a coordinator takes is let through", async () => {
  const taken = [
    `select * from ${facts} where ticker = any($1::text[]) and trade_date > $2`,
    `select * from (select ticker from ${facts} group by ticker) as wanted cross join lateral (select * from ${facts} as bars where bars.ticker = wanted.ticker order by trade_date limit 3) as latest`,
    `select bar.ticker, (select e.close_price from ${facts} as e where e.ticker = bar.ticker and e.trade_date < bar.trade_date limit 1) from ${facts} as bar`,
    `select * from unnest($1::text[]) as listed (key) inner join ${facts} as bar on bar.security_id = listed.key`,
    `select * from ${raw} where ticker = $1 for update`,
    `update ${raw} set inserted_at = $1::timestamptz where ticker = $2`,
    `create unique index on ${raw} (ticker, trade_date)`,
    "with recursive t as (select 1 as n union all select n + 1 from t where n < 5) select * from t where n > extract(day from now())",
    `with held as materialized (select * from ${facts} where security_id = $1) select * from public.source_polygon_dividends as d cross join lateral (select * from held where held.trade_date >= d.ex_dividend_date limit 1) as session`,
  ];
  for (const statement of taken)
    expect({ statement, reasons: [...(await judge(statement))] }).toEqual({ statement, reasons: [] });
});
