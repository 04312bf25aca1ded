import type { PendingQuery, Row } from "postgres";
import type { Sql } from "../../client.ts";
import { type FactColumn, factExpression } from "./read-fact-columns.ts";
import type { AskedHolder } from "./read-holders.ts";
import { relationName, type WorkspaceColumn } from "./read-workspace-columns.ts";

type Fragment = PendingQuery<Row[]>;

/**
 * Bars of some holders, who are all securities or all labels, by holder and session. Dates are inclusive, null is open-ended; `after`: of the first
 * holder only sessions after this one.
 */
export type FactRange = {
  holders: readonly AskedHolder[];
  from: string | null;
  to: string | null;
  after: string | null;
};

/** What a row is beside its columns: the ticker that was asked for, the label in the session, and the session. */
export type FactRow = [asked: string, ticker: string, date: string, ...values: (string | number | boolean | null)[]];

/** The rows of a range, `limit` at the most. Numerics are texts, with all their digits; instants are texts too. */
export async function selectFacts(
  sql: Sql,
  range: FactRange,
  columns: readonly FactColumn[],
  limit: number,
): Promise<FactRow[]> {
  const values = columns.map((column) => sql`, ${factExpression(sql, column)}`);
  const rows = await sql`
    select asked.ticker, bars.ticker, bars.trade_date ${values}
    from ${askedBars(sql, range)}
    ${joinsOf(sql, range, columns)}
    where ${isWithin(sql, range)}
    order by asked.position, bars.trade_date
    limit ${limit}::bigint`.values();
  return [...rows] as FactRow[];
}

/** How many rows a range has. */
export async function countFacts(sql: Sql, range: FactRange): Promise<number> {
  const [row] = await sql<[{ count: number }]>`
    select count(*) as count from ${askedBars(sql, range)} where ${isWithin(sql, range)}`;
  return row.count;
}

/** The largest decimals of some columns in a range: whole parts and digits after the point. */
export async function selectDecimalSizes(
  sql: Sql,
  range: FactRange,
  columns: readonly FactColumn[],
): Promise<{ digits: number; scale: number }[]> {
  if (columns.length === 0) return [];
  const sizes = columns.map((column, index) => {
    const value = factExpression(sql, column);
    return sql`${index > 0 ? sql`,` : sql``} json_build_object(
      'digits', coalesce(max(length(trunc(abs(${value}))::text)), 1), 'scale', coalesce(max(scale(${value})), 0))`;
  });
  const [row] = await sql<[{ sizes: { digits: number; scale: number }[] }]>`
    select json_build_array(${sizes}) as sizes
    from ${askedBars(sql, range)}
    ${joinsOf(sql, range, columns)}
    where ${isWithin(sql, range)}`;
  return row.sizes;
}

function askedBars(sql: Sql, { holders }: FactRange) {
  const isOfSecurities = holders[0]?.security !== null;
  const tickers = holders.map(({ ticker }) => ticker);
  const keys = holders.map(({ ticker, security }) => security ?? ticker);
  const labels = holders.map(({ newestLabel }) => newestLabel);
  return sql`
    unnest(${tickers}::text[], ${keys}::text[], ${labels}::text[])
      with ordinality as asked (ticker, key, newest_label, position)
    inner join public.fct_polygon__stock_bars_performance as bars
      on bars.${sql(isOfSecurities ? "security_id" : "ticker")} = asked.key`;
}

const isWithin = (sql: Sql, { from, to, after }: FactRange) => sql`
  ${isBetween(sql, sql`bars.trade_date`, from, to)}
  and (asked.position > 1 or bars.trade_date > coalesce(${after}::date, '-infinity'))`;

const isBetween = (sql: Sql, date: Fragment, from: string | null, to: string | null) => sql`
  ${date} between coalesce(${from}::date, '-infinity') and coalesce(${to}::date, 'infinity')`;

/** Published sessions only, so that bars as they were stated and adjusted ones have the same. */
const joinsOf = (sql: Sql, range: FactRange, columns: readonly FactColumn[]) => sql`
  ${
    columns.some(({ from }) => from === "stated")
      ? sql`inner join public.source_polygon_stock_bars_daily as stated
          on stated.ticker = bars.ticker and stated.trade_date = bars.trade_date`
      : sql``
  }
  ${workspaceJoins(sql, range, columns)}`;

/** Adds the relations of workspace columns: at most one row each, and none is as nulls. Whoever made one may have left its collation to the database. */
function workspaceJoins(sql: Sql, { from, to }: FactRange, columns: readonly FactColumn[]) {
  const own = columns.flatMap((column) => (typeof column.from === "string" ? [] : [column.from]));
  const joins = [...Map.groupBy(own, ({ relation }) => relation)].map(([relation, used]) => {
    const { grain, alias, isUnique } = relation;
    const hasDates = grain !== "ticker";
    const key = grain === "security_session" ? "security_id" : "ticker";
    const ofBar = grain === "ticker" ? sql`asked.newest_label` : sql`bars.${sql(key)}`;
    const rows = isUnique ? relationName(sql, relation) : firstOfKey(sql, { key, hasDates, used, from, to });
    return sql`
      left join ${rows} as ${sql(alias)}
        on ${sql(alias)}.${sql(key)}::text collate "C" = ${ofBar} collate "C"
        ${hasDates ? sql`and ${sql(alias)}.trade_date = bars.trade_date` : sql``}`;
  });
  return joins.length > 0 ? joins : sql``;
}

type Repeating = {
  key: string;
  hasDates: boolean;
  used: readonly WorkspaceColumn[];
  from: string | null;
  to: string | null;
};

/** One row a key of a relation that nothing holds to that: a row too many would tell a bar twice. */
function firstOfKey(sql: Sql, { key, hasDates, used, from, to }: Repeating): Fragment {
  const names = [...new Set(used.map(({ column }) => column))];
  const [first] = used;
  const by = hasDates ? sql`own.${sql(key)}, own.trade_date` : sql`own.${sql(key)}`;
  return sql`(
    select distinct on (${by}) ${by} ${names.map((name) => sql`, own.${sql(name)}`)}
    from ${first ? relationName(sql, first.relation) : sql``} as own
    where ${hasDates ? isBetween(sql, sql`own.trade_date`, from, to) : sql`true`}
    order by ${by}
  )`;
}
