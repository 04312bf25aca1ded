import type { PendingQuery, Row } from "postgres";
import { isDistributed, type JsonValue, type Sql, type TransactionSql } from "../../client.ts";
import { lockKeys } from "../../locks.ts";

/** A relation by schema and name. */
export type DriftRelation = { schema: string; identifier: string };

/** Waits until no build is under way, and keeps the next one waiting to the end of the transaction. */
export async function lockBuilds(transaction: TransactionSql): Promise<void> {
  await transaction`select pg_advisory_xact_lock(${lockKeys.build}::bigint)`;
}

/** What a build sets too: the names that models leave out, and how days and instants are read and written. */
export async function prepareDriftSession(transaction: TransactionSql): Promise<void> {
  await transaction`
    select set_config(name, value, true)
    from (values ('search_path', 'public'), ('timezone', 'UTC'), ('datestyle', 'ISO'), ('statement_timeout', '0'),
      ('idle_in_transaction_session_timeout', '0'), ('jit', 'off'), ('work_mem', '64MB')) as settings (name, value)`;
}

/** The fingerprints of what each published table was built from, by name; of those that Barline built. */
export async function selectFingerprints(
  transaction: TransactionSql,
  names: string[],
): Promise<{ name: string; fingerprint: string | null }[]> {
  return await transaction<{ name: string; fingerprint: string | null }[]>`
    select relname as name, substring(obj_description(oid, 'pg_class') from '\\[barline ([0-9a-f]{32})\\]$') as fingerprint
    from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and relname = any (${names}::text[])`;
}

export async function hasTickerColumn(transaction: TransactionSql, relation: DriftRelation): Promise<boolean> {
  const rows = await transaction`
    select from information_schema.columns
    where table_schema = ${relation.schema}::text and table_name = ${relation.identifier}::text and column_name = 'ticker'`;
  return rows.length > 0;
}

export type DriftSample = {
  /** Asked for by name; any where null. */
  tickers: string[] | null;
  size: number;
  /** Decides who is drawn: the same seed draws the same tickers. */
  seed: string;
  /** New York's date: splits of that day count. */
  today: string;
};

/**
 * Draws tickers whose published rows should be what a full build makes now: neither of them nor of those that share a security with them has a bar, split,
 * dividend or listing changed since the last build, and no split's day has come.
 */
export async function drawTickers(
  transaction: TransactionSql,
  sample: DriftSample,
  distributed = isDistributed(transaction),
): Promise<string[]> {
  const [{ mark }] = await transaction<[{ mark: string }]>`
    select coalesce(max(source_inserted_at), '-infinity')::text as mark from public.fct_polygon__stock_bars_performance`;
  const at = transaction`${mark}::text::timestamptz`;
  const { known, changed } = distributed ? await readTickers(transaction, at) : tickersOfBars(transaction, at);
  const rows = await transaction<{ ticker: string }[]>`
    with recursive known as (${known}), changed as (
      ${changed}
      union
      select ticker from public.source_polygon_dividends where inserted_at > ${at}
      union
      select ticker from public.source_polygon_splits
      where inserted_at > ${at}
        or execution_date between (${at} at time zone 'America/New_York')::date and ${sample.today}::date
      union
      select ticker from public.source_polygon_removed_bars where removed_at > ${at}
      union
      select ticker from public.source_polygon_listings where placed_at > ${at}
    ), ${linkedTo(transaction, "changed")}, pending as (
      select ticker from linked
    )
    select ticker from known
    where ticker is not null and (${sample.tickers}::text[] is null or ticker = any (${sample.tickers}::text[]))
      and ticker not in (select ticker from pending)
    order by md5(ticker || ${sample.seed}::text), ticker
    limit ${sample.size}::int`;
  return rows.map((row) => row.ticker);
}

type Fragment = PendingQuery<Row[]>;

/** Queries of the tickers that have bars, and of those with a bar stamped after `at`. */
type TickerQueries = { known: Fragment; changed: Fragment };

/** They are found by jumps along the key, as reading ten years of bars for their names takes seconds. */
const tickersOfBars = (sql: TransactionSql, at: Fragment): TickerQueries => ({
  known: sql`
    (select ticker from public.source_polygon_stock_bars_daily order by ticker limit 1)
    union all
    select (
      select bars.ticker from public.source_polygon_stock_bars_daily bars
      where bars.ticker > known.ticker order by bars.ticker limit 1
    )
    from known where known.ticker is not null`,
  changed: sql`select ticker from public.source_polygon_stock_bars_daily where inserted_at > ${at}`,
});

/** Of distributed bars they are read beforehand, each shard its own: Citus takes no recursion over them. */
async function readTickers(sql: TransactionSql, at: Fragment): Promise<TickerQueries> {
  const known = await sql<{ ticker: string }[]>`select distinct ticker from public.source_polygon_stock_bars_daily`;
  const changed = await sql<{ ticker: string }[]>`
    select distinct ticker from public.source_polygon_stock_bars_daily where inserted_at > ${at}`;
  const listed = (rows: { ticker: string }[]) =>
    sql`select unnest(${rows.map(({ ticker }) => ticker)}::text[]) collate "C" as ticker`;
  return { known: listed(known), changed: listed(changed) };
}

/** The tickers of `seeds`, and all that share a security with one of them: what is computed of one depends on the others' rows. */
const linkedTo = (transaction: TransactionSql, seeds: string) => transaction`
  linked as (
    select ticker from ${transaction(seeds)}
    union
    select others.ticker
    from linked
    inner join public.stg_polygon__listings as own on own.ticker = linked.ticker
    inner join public.stg_polygon__listings as others on others.security_key = own.security_key
  )`;

/** Keeps the drawn tickers, and all that share a security with them, for the statements that follow in the transaction. Answers them. */
export async function keepTickers(transaction: TransactionSql, tickers: string[]): Promise<string[]> {
  await transaction`create temp table drift_tickers (ticker text collate "C" primary key) on commit drop`;
  const kept = await transaction<{ ticker: string }[]>`
    insert into pg_temp.drift_tickers
    with recursive drawn as (select unnest(${tickers}::text[]) collate "C" as ticker), ${linkedTo(transaction, "drawn")}
    select ticker from linked
    returning ticker`;
  return kept.map(({ ticker }) => ticker);
}

/** Copies the drawn tickers' rows of a table, with its indexes, to a temporary table of the given name. */
export async function copyOfTickers(transaction: TransactionSql, from: DriftRelation, name: string): Promise<void> {
  const source = transaction`${transaction(from.schema)}.${transaction(from.identifier)}`;
  await transaction`
    create temp table ${transaction(name)} (like ${source} including defaults including indexes) on commit drop`;
  await transaction`
    insert into pg_temp.${transaction(name)}
    select source.* from ${source} as source where ticker in (select ticker from pg_temp.drift_tickers)`;
  await transaction`analyze pg_temp.${transaction(name)}`;
}

/** Makes a temporary view of the given name; it lasts as long as the connection, unless the transaction is rolled back. */
export async function recomputeView(transaction: TransactionSql, name: string, query: string): Promise<void> {
  await transaction`create temp view ${transaction(name)} as ${transaction.unsafe(query)}`;
}

/** Fills a temporary table of the given name from a model's query, and indexes it as the model's own is: others look into it. */
export async function recomputeTable(
  transaction: TransactionSql,
  name: string,
  query: string,
  indexes: string[][],
): Promise<void> {
  await transaction`create temp table ${transaction(name)} on commit drop as ${transaction.unsafe(query)}`;
  for (const columns of indexes) {
    await transaction`create index on pg_temp.${transaction(name)} (${transaction(columns)})`;
  }
  await transaction`analyze pg_temp.${transaction(name)}`;
}

/** Columns in which one incremental build leaves a note for the next. */
const notes: readonly string[] = ["breadth_changed_at", "bars_seen_at"];

type DriftRow = Record<string, JsonValue>;
export type Comparison = {
  rows: number;
  differences: number;
  /** The first row that differs, on both sides; null where a side has none. */
  published: DriftRow | null;
  recomputed: DriftRow | null;
};

/**
 * Compares a model's published rows of the drawn tickers with the recomputed ones: every column, digit by digit, as text, but for
 * the columns in which one incremental build leaves a note for the next. What is left of each side is paired by the
 * model's key, of which there may be several rows.
 */
export async function compareModel(transaction: TransactionSql, name: string, key: string[]): Promise<Comparison> {
  const keyOf = transaction`
    (select array_agg(row::jsonb ->> name order by position) from unnest(${key}::text[]) with ordinality as key (name, position))`;
  const ofDrawn = key.includes("ticker")
    ? transaction`ticker in (select ticker from pg_temp.drift_tickers)`
    : transaction`security_id in (
        select periods.security_id
        from public.int_polygon__ticker_periods as periods
        where periods.ticker in (select ticker from pg_temp.drift_tickers))`;
  const [row] = await transaction<Comparison[]>`
    with published as materialized (
      select (to_jsonb(model) - ${notes}::text[])::text as row from public.${transaction(name)} as model
      where ${ofDrawn}
    ), recomputed as materialized (
      select (to_jsonb(model) - ${notes}::text[])::text as row from pg_temp.${transaction(name)} as model
    ), published_only as (
      select row, key, row_number() over (partition by key order by row) as number
      from (select row, ${keyOf} as key from (table published except all table recomputed) as rest) as keyed
    ), recomputed_only as (
      select row, key, row_number() over (partition by key order by row) as number
      from (select row, ${keyOf} as key from (table recomputed except all table published) as rest) as keyed
    ), differing as materialized (
      select key, number, published_only.row as published, recomputed_only.row as recomputed
      from published_only full join recomputed_only using (key, number)
    )
    select
      ((select count(*) from published) + (select count(*) from differing where published is null))::int as rows,
      (select count(*) from differing)::int as differences,
      first.published::jsonb as published,
      first.recomputed::jsonb as recomputed
    from (select) as one
    left join lateral (select published, recomputed from differing order by key, number limit 1) as first on true`;
  return row ?? { rows: 0, differences: 0, published: null, recomputed: null };
}

/** A check as it is kept; `error` where it could not be done. */
export type DriftCheckRow = {
  id: number;
  trigger: string;
  tickers: string[];
  rows: number;
  differences: number;
  models: JsonValue;
  example: JsonValue | null;
  error: string | null;
  startedAt: Date;
  finishedAt: Date | null;
};

/** Begins a record. What a killed process left open is closed; the caller holds the lock, so nobody is at it. */
export async function insertDriftCheck(sql: Sql, trigger: string): Promise<number> {
  const [row] = await sql<{ id: number }[]>`
    with lost as (
      update barline.drift_checks set finished_at = now(), error = 'Its process ended in the middle.' where finished_at is null
    )
    insert into barline.drift_checks (trigger) values (${trigger}::text) returning id`;
  return row?.id ?? 0;
}

export type DriftEnd = Pick<DriftCheckRow, "tickers" | "rows" | "differences" | "models" | "example" | "error">;

export async function finishDriftCheck(sql: Sql, id: number, end: DriftEnd): Promise<void> {
  await sql`
    update barline.drift_checks
    set tickers = ${sql.json(end.tickers)}::jsonb, rows = ${end.rows}::int, differences = ${end.differences}::int,
      models = ${sql.json(end.models)}::jsonb, example = nullif(${sql.json(end.example)}::jsonb, 'null'::jsonb),
      error = ${end.error}::text, finished_at = now()
    where id = ${id}::bigint`;
}

/** When a check that could be done last began; undefined before the first one. */
export async function selectLastDriftCheck(sql: Sql | TransactionSql): Promise<Date | undefined> {
  const [row] = await sql<{ startedAt: Date }[]>`
    select started_at as "startedAt" from barline.drift_checks
    where finished_at is not null and error is null order by id desc limit 1`;
  return row?.startedAt;
}

/** The last checks, newest first. */
export async function selectDriftChecks(sql: Sql | TransactionSql, limit: number): Promise<DriftCheckRow[]> {
  return await sql<DriftCheckRow[]>`
    select id, trigger, tickers, rows, differences, models, example, error, started_at as "startedAt",
      finished_at as "finishedAt"
    from barline.drift_checks order by id desc limit ${limit}::int`;
}
