import type { PendingQuery, Row } from "postgres";
import { isDistributed, type Sql } from "../../client.ts";
import { escapeLike } from "../../like.ts";
import { hasSecurities } from "./read-securities.ts";
import type { WorkspaceColumn, WorkspaceValue } from "./read-workspace-columns.ts";
import {
  fetchedBars,
  isWorkspaceColumn,
  relationsOf,
  type ScreenColumn,
  screenExpression,
  screenValues,
  workspaceJoins,
  workspaceTables,
} from "./read-workspace-screen.ts";

/** Values from `min` to `max`, both inclusive; null leaves that side open. */
type Bound = { column: ScreenColumn; min: number | null; max: number | null };

/** Any of these values; of a column of yes and no, `true` and `false`. */
type Choice = { column: WorkspaceColumn; values: readonly string[] };

type SortColumn = ScreenColumn | "ticker" | "name" | "type";

/** What decides who matches. */
export type ScreenFilter = {
  /** Part of a symbol or name, in any case; empty: all. */
  query: string;
  type: string | null;
  bounds: readonly Bound[];
  choices: readonly Choice[];
};

/** What to find among the tickers of one session. */
export type Screen = ScreenFilter & {
  columns: readonly ScreenColumn[];
  sort: { column: SortColumn; descending: boolean };
  /** Only tickers that have a bar in the newest session. */
  survivors: boolean;
  offset: number;
  /** Null: all of them. */
  limit: number | null;
};

type ScreenRow = {
  ticker: string;
  name: string | null;
  type: string | null;
  delistedOn: string | null;
  /** Whether it trades in the newest session. */
  survives: boolean;
  /** Of the screen's columns, in their order. */
  values: WorkspaceValue[];
};

export type ScreenResult = {
  rows: ScreenRow[];
  /** Rows that match, also beyond the page. */
  matches: number;
  /** Those that match whether they survive or not, and those of them that do. */
  listed: number;
  surviving: number;
  /** The median return, dividends reinvested, from the session to each ticker's last bar: of all, and of the survivors. */
  medianLater: number | null;
  medianLaterSurviving: number | null;
};

/** The last session that is published, or the last one until `date`; null where there is none. */
export async function selectSessionAt(sql: Sql, date: string | null): Promise<string | null> {
  const [row] = await sql<{ session: string | null }[]>`
    select max(trade_date) as session
    from public.fct_polygon__market_breadth_daily
    where ${date}::date is null or trade_date <= ${date}::date`;
  return row?.session ?? null;
}

/** Every row of the newest session, from the mart that is made for it. */
export const newestRows = (sql: Sql, newest: string) => sql`
  select latest.*, latest.ticker as key, latest.ticker as newest_label, null::date as delisted_on, true as survives, null::numeric as later_return
  from public.fct_polygon__latest_session as latest
  where latest.trade_date = ${newest}::date`;

/** A session of the past, and where its bars are: among all, or fetched from the servers that they are spread over. */
type Past = { session: string; newest: string; bars: PendingQuery<Row[]> };

/**
 * Every row of a session of the past, of all that had a bar in it, whatever became of them since: one that was renamed goes on under its new
 * label.
 */
const pastRows = (sql: Sql, { session, newest, bars }: Past) => sql`
  select
    facts.*,
    facts.ticker as key,
    coalesce(securities.ticker, facts.ticker) as newest_label,
    securities.name,
    securities.type,
    case when securities.status = 'delisted' then securities.delisted_on end as delisted_on,
    coalesce(securities.last_session = ${newest}::date, false) as survives,
    latest.total_return_close / nullif(facts.total_return_close, 0) - 1 as later_return
  from ${bars} as facts
  join public.dim_securities as securities on securities.security_id = facts.security_id
  left join public.fct_polygon__latest_session as latest
    on latest.ticker = securities.ticker and latest.security_id = facts.security_id
  where facts.trade_date = ${session}::date`;

/** The same before securities are published: by labels. */
const pastLabels = (sql: Sql, { session, newest, bars }: Past) => sql`
  select
    facts.*,
    listed.ticker as key,
    listed.ticker as newest_label,
    listed.name,
    listed.type,
    listed.delisted_on,
    coalesce(latest.trade_date = ${newest}::date, false) as survives,
    latest.total_return_close / nullif(facts.total_return_close, 0) - 1 as later_return
  from ${bars} as facts
  join public.dim_tickers as listed on listed.ticker = facts.ticker
  left join public.fct_polygon__latest_session as latest on latest.ticker = facts.ticker
  where facts.trade_date = ${session}::date`;

function sortExpression(sql: Sql, column: SortColumn) {
  if (column === "ticker") return sql`null::text`;
  if (column === "name") return sql`lower(bars.name) collate "C"`;
  if (column === "type") return sql`bars.type`;
  const value = screenExpression(sql, column);
  return isWorkspaceColumn(column) && column.kind === "text" ? sql`lower(${value}) collate "C"` : value;
}

const boundCondition = (sql: Sql, { column, min, max }: Bound) => sql`
  and (${min}::numeric is null or ${screenExpression(sql, column)} >= ${min}::numeric)
  and (${max}::numeric is null or ${screenExpression(sql, column)} <= ${max}::numeric)`;

const choiceCondition = (sql: Sql, { column, values }: Choice) =>
  sql`and (${screenExpression(sql, column)})::text = any(${values as string[]}::text[])`;

/** Whether a row called `bars` is what a screen looks for. */
export const isMatching = (sql: Sql, { query, type, bounds, choices }: ScreenFilter) => {
  const pattern = `%${escapeLike(query.toLowerCase())}%`;
  return sql`
    (${type}::text is null or bars.type = ${type}::text)
    and (
      ${query}::text = ''
      or lower(bars.ticker) like ${pattern}::text
      or lower(bars.name collate "C") like ${pattern}::text
    )
    ${[
      sql``,
      ...bounds.map((bound) => boundCondition(sql, bound)),
      ...choices.map((choice) => choiceCondition(sql, choice)),
    ]}`;
};

function direction(sql: Sql, { column, descending }: Screen["sort"]) {
  // By ticker the key is null throughout, and the direction is the ticker's own.
  if (column === "ticker") return descending ? sql`ticker desc` : sql`ticker`;
  return descending ? sql`sort_key desc nulls last, ticker` : sql`sort_key nulls last, ticker`;
}

type Found = Omit<ScreenResult, "rows"> & Omit<ScreenRow, "ticker"> & { ticker: string | null };

/** What decides who matches, and in which order: only for that is a workspace relation joined to all of them. */
function decidingColumns({ bounds, choices, sort }: Screen): ScreenColumn[] {
  const { column } = sort;
  const sorted = column === "ticker" || column === "name" || column === "type" ? [] : [column];
  return [...bounds, ...choices].map((filter): ScreenColumn => filter.column).concat(sorted);
}

/** The rows of a session, and where they have to be fetched for it, those of its page by themselves. */
type SessionRows = { session: string; rows: PendingQuery<Row[]>; ofPage: PendingQuery<Row[]> | null };

/** Of all rows that match. */
const totalsOf = (sql: Sql, screen: Screen) => sql`
  select
    count(*) filter (where survives or not ${screen.survivors}::boolean)::int as matches,
    count(*)::int as listed,
    count(*) filter (where survives)::int as surviving,
    percentile_cont(0.5) within group (order by later_return::float8) as "medianLater",
    percentile_cont(0.5) within group (order by later_return::float8) filter (where survives)
      as "medianLaterSurviving"
  from matching`;

/** The statement of a screen over the rows of its session. Columns come from the lists of what there is, values are parameters. */
function screenStatement(sql: Sql, { session, rows, ofPage }: SessionRows, screen: Screen) {
  const deciding = relationsOf(decidingColumns(screen));
  const shown = relationsOf(screen.columns);
  const every = relationsOf([...decidingColumns(screen), ...screen.columns]);
  // Only the page's rows are read in full: to gather every column of every ticker would take twice as long.
  return sql`
    with ${[
      ofPage ? sql`fetched_bars as materialized (${fetchedBars(sql, session, decidingColumns(screen))}),` : sql``,
      ...workspaceTables(sql, every, session),
    ]}
    matching as materialized (
      select
        bars.ticker,
        bars.survives,
        bars.later_return,
        ${sortExpression(sql, screen.sort.column)} as sort_key
      from (${rows}) as bars
      ${[sql``, ...workspaceJoins(sql, deciding, session)]}
      where
        ${isMatching(sql, screen)}
    ),
    totals as (
      ${totalsOf(sql, screen)}
    ),
    page as (
      select ticker, sort_key
      from matching
      where survives or not ${screen.survivors}::boolean
      order by ${direction(sql, screen.sort)}
      offset ${screen.offset}::int
      limit ${screen.limit}::int
    )
    ${
      ofPage
        ? sql`, fetched_page as materialized (
            ${fetchedBars(sql, session, screen.columns)} and ticker = any(array(select ticker from page))
          )`
        : sql``
    }
    select
      totals.*,
      found.ticker,
      found.name,
      found.type,
      found.delisted_on as "delistedOn",
      found.survives,
      to_json(found.values) as values
    from totals
    left join (
      select page.sort_key, bars.*, ${screenValues(sql, screen.columns)} as values
      from page
      ${
        ofPage
          ? sql`inner join (${ofPage}) as bars on bars.key = page.ticker`
          : sql`cross join lateral (select * from (${rows}) as every where every.key = page.ticker offset 0) as bars`
      }
      ${[sql``, ...workspaceJoins(sql, shown, session)]}
    ) as found on true
    order by ${direction(sql, screen.sort)}`;
}

/**
 * Reads by a plan for the very session asked for: one for any session finds each ticker's row in each relation by itself, which takes ten times as
 * long where three are joined.
 */
export async function readPlanned<Found extends Row>(sql: Sql, statement: PendingQuery<Row[]>): Promise<Found[]> {
  const answered = await sql.begin("read only", async (transaction) => {
    await transaction`select set_config('plan_cache_mode', 'force_custom_plan', true)`;
    return { rows: await transaction<Found[]>`${statement}` };
  });
  return [...answered.rows] as Found[];
}

/** The tickers of a session that a screen asks for. */
export async function selectScreen(
  sql: Sql,
  { session, newest }: { session: string; newest: string },
  screen: Screen,
  distributed = isDistributed(sql),
): Promise<ScreenResult> {
  const past = (await hasSecurities(sql)) ? pastRows : pastLabels;
  const bars = distributed ? sql`fetched_bars` : sql`public.fct_polygon__stock_bars_performance`;
  const rows = session === newest ? newestRows(sql, newest) : past(sql, { session, newest, bars });
  const ofPage = distributed && session !== newest ? past(sql, { session, newest, bars: sql`fetched_page` }) : null;
  const statement = screenStatement(sql, { session, rows, ofPage }, screen);
  const isOwn = relationsOf([...decidingColumns(screen), ...screen.columns]).length > 0;
  const found = isOwn ? await readPlanned<Found>(sql, statement) : await sql<Found[]>`${statement}`;
  const [first] = found;
  return {
    rows: found.flatMap(({ ticker, name, type, delistedOn, survives, values }) =>
      ticker === null ? [] : [{ ticker, name, type, delistedOn, survives, values }],
    ),
    matches: first?.matches ?? 0,
    listed: first?.listed ?? 0,
    surviving: first?.surviving ?? 0,
    medianLater: first?.medianLater ?? null,
    medianLaterSurviving: first?.medianLaterSurviving ?? null,
  };
}

/** The types of the tickers of the marts, the most frequent first. */
export function selectScreenTypes(sql: Sql): Promise<{ type: string; count: number }[]> {
  return sql<{ type: string; count: number }[]>`
    select type, count(*)::int as count
    from public.fct_polygon__latest_session
    where type is not null
    group by type
    order by count(*) desc, type`;
}
