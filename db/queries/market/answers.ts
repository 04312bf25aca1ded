import type { Sql, TransactionSql } from "../../client.ts";

/** An answer of a run: the event that told of it, its file, what it is about (null: the whole market), and its good bars. */
export type LoadedAnswer = {
  sequence: number;
  lakeKey: string;
  ticker: string | null;
  from: string;
  to: string;
  bars: number;
};

/** An answer lacks a bar that stands. */
export type Lack = { ticker: string; tradeDate: string; sequence: number; lakeKey: string };

/** The share of what was stated before that an answer must hold for what it lacks to mean anything. */
const complete = 0.98;

/**
 * Keeps which answers are merged with the stamp `mergedAt`. Of the whole market one is complete if it has enough of what the
 * last complete one before it had; the first is taken for complete.
 */
export async function insertAnswers(
  transaction: TransactionSql,
  answers: LoadedAnswer[],
  mergedAt: Date,
): Promise<void> {
  await transaction`
    insert into barline.loaded_answers (sequence, lake_key, merged_at, ticker, from_date, to_date, bars, complete)
    select item.sequence, item."lakeKey", ${mergedAt}::timestamptz, item.ticker, item."from", item."to", item.bars,
      item.ticker is null and coalesce(item.bars >= ${complete}::numeric * (
        select earlier.bars from barline.loaded_answers as earlier
        where earlier.ticker is null and earlier.complete and earlier.from_date = item."from"
          and earlier.sequence < item.sequence
        order by earlier.sequence desc limit 1), true)
    from jsonb_to_recordset(${transaction.json(answers)}::jsonb)
      as item (sequence bigint, "lakeKey" text, ticker text, "from" date, "to" date, bars int)
    on conflict do nothing`;
}

/** A condition: no answer later than that of its `sequence` is about the bar `bars`. One that came too late is no evidence. */
const isLatest = (sql: Sql | TransactionSql) => sql`
  not exists (
    select from barline.loaded_answers as later
    where later.from_date <= bars.trade_date and later.to_date >= bars.trade_date
      and (later.ticker is null or later.ticker = bars.ticker) and later.sequence > bars.sequence)`;

/** A condition: the run staged no row of the bar `bars` from the answer of its `sequence`. */
const isUnstaged = (sql: Sql | TransactionSql, runId: number) => sql`
  not exists (
    select from barline.staging_stock_bars as staged
    where staged.run_id = ${runId}::bigint and staged.sequence = bars.sequence and staged.ticker = bars.ticker
      and staged.trade_date = bars.trade_date)`;

/** A condition: nor was a row of it rejected. A row that fails a check is no sign that the bar was taken back. */
const isUnrejected = (sql: Sql | TransactionSql, runId: number) => sql`
  not exists (
    select from barline.rejects
    where rejects.run_id = ${runId}::bigint and rejects.ticker = bars.ticker
      and rejects.trade_date = bars.trade_date::text)`;

/**
 * The bars that stand and that whole-market answers merged at `mergedAt` lack, where those are complete and the latest of
 * their sessions. What stands of a session was stamped by the answers about it: the index by stamp leads to it.
 */
export async function selectLacksOfMarket(transaction: TransactionSql, runId: number, mergedAt: Date): Promise<Lack[]> {
  return await transaction<Lack[]>`
    with judged as materialized (
      select mine.sequence, mine.lake_key, mine.from_date as session
      from barline.loaded_answers as mine
      where mine.merged_at = ${mergedAt}::timestamptz and mine.ticker is null and mine.complete and exists (
        select from barline.loaded_answers as earlier
        where earlier.ticker is null and earlier.from_date = mine.from_date and earlier.sequence < mine.sequence)
    ), stamps as materialized (
      select distinct answers.merged_at
      from judged join barline.loaded_answers as answers
        on answers.from_date <= judged.session and answers.to_date >= judged.session
      where answers.merged_at <> ${mergedAt}::timestamptz
    ), standing as (
      select bars.ticker, bars.trade_date, judged.sequence, judged.lake_key
      from stamps
      join public.source_polygon_stock_bars_daily as bars on bars.inserted_at = stamps.merged_at
      join judged on judged.session = bars.trade_date
    ), unstaged as materialized (
      select * from standing as bars where ${isUnstaged(transaction, runId)}
    )
    select ticker, trade_date as "tradeDate", sequence, lake_key as "lakeKey"
    from unstaged as bars
    where ${isLatest(transaction)} and ${isUnrejected(transaction, runId)}`;
}

/** The same of answers about one ticker each: complete is one that holds enough of the ticker's bars in its range. */
export async function selectLacksOfTickers(
  transaction: TransactionSql,
  runId: number,
  mergedAt: Date,
): Promise<Lack[]> {
  return await transaction<Lack[]>`
    with judged as materialized (
      select mine.sequence, mine.ticker, min(mine.from_date) as from_date, max(mine.to_date) as to_date,
        max(mine.lake_key) as lake_key, sum(mine.bars) as answered
      from barline.loaded_answers as mine
      where mine.merged_at = ${mergedAt}::timestamptz and mine.ticker is not null
      group by mine.sequence, mine.ticker
    ), held as (
      select bars.ticker, bars.trade_date, bars.inserted_at, judged.sequence, judged.lake_key, judged.answered,
        count(*) over (partition by bars.ticker, judged.sequence) as held
      from judged join public.source_polygon_stock_bars_daily as bars
        on bars.ticker = judged.ticker and bars.trade_date between judged.from_date and judged.to_date
    ), unstaged as materialized (
      select bars.ticker, bars.trade_date, bars.sequence, bars.lake_key
      from held as bars left join barline.staging_stock_bars as staged
        on staged.run_id = ${runId}::bigint and staged.sequence = bars.sequence and staged.ticker = bars.ticker
          and staged.trade_date = bars.trade_date
      where bars.inserted_at < ${mergedAt}::timestamptz and bars.answered >= ${complete}::numeric * bars.held
        and staged.ticker is null
    )
    select ticker, trade_date as "tradeDate", sequence, lake_key as "lakeKey"
    from unstaged as bars
    where ${isLatest(transaction)} and ${isUnrejected(transaction, runId)}`;
}

/** The file that stated the bar `bars` at `stamp`; null where it was loaded before answers were kept. */
const keyOf = (sql: Sql | TransactionSql, stamp: string) => sql`(
  select answers.lake_key from barline.loaded_answers as answers
  where answers.merged_at = ${sql(stamp)} and answers.from_date <= bars.trade_date and answers.to_date >= bars.trade_date
    and (answers.ticker is null or answers.ticker = bars.ticker)
  order by answers.sequence desc limit 1)`;

/** Says with the restatements of `mergedAt` which file stated what was replaced, and which what replaced it. */
export async function setKeysOfRestatements(transaction: TransactionSql, mergedAt: Date): Promise<void> {
  await transaction`
    update public.source_polygon_stock_bars_restatements as bars
    set stated_key = ${keyOf(transaction, "bars.stated_at")}, replaced_key = ${keyOf(transaction, "bars.replaced_at")}
    where bars.replaced_at = ${mergedAt}::timestamptz`;
}

type Bar = { ticker: string; tradeDate: string };

/** Keeps as withdrawn those of `lacks` that an earlier answer lacked already. Answers which; they still are among the raw bars. */
export async function withdrawBars(transaction: TransactionSql, lacks: Lack[], at: Date): Promise<Bar[]> {
  return await transaction<Bar[]>`
    with decided as (
      delete from barline.doubtful_bars as doubts
      using ${lacksTable(transaction, lacks)}
      where doubts.ticker = lack.ticker and doubts.trade_date = lack."tradeDate" and doubts.sequence < lack.sequence
      returning doubts.ticker, doubts.trade_date, doubts.lake_key as doubted_key, lack.sequence, lack."lakeKey" as later_key
    ), bars as materialized (
      select standing.*, decided.doubted_key, decided.later_key, decided.sequence
      from decided join public.source_polygon_stock_bars_daily as standing
        on standing.ticker = decided.ticker and standing.trade_date = decided.trade_date
    )
    insert into public.source_polygon_withdrawn_bars (ticker, trade_date, open, high, low, close, volume, vwap,
      transactions, stated_at, earlier_key, doubted_key, later_key, sequence, withdrawn_at)
    select bars.ticker, bars.trade_date, bars.open, bars.high, bars.low, bars.close, bars.volume, bars.vwap,
      bars.transactions, bars.inserted_at, ${keyOf(transaction, "bars.inserted_at")}, bars.doubted_key, bars.later_key,
      bars.sequence, ${at}::timestamptz
    from bars
    returning ticker, trade_date as "tradeDate"`;
}

/** Doubts those of `lacks` that still stand. Answers how many were not doubted yet. */
export async function doubtBars(transaction: TransactionSql, lacks: Lack[], at: Date): Promise<number> {
  const rows = await transaction`
    insert into barline.doubtful_bars (ticker, trade_date, sequence, lake_key, since)
    select bars.ticker, bars.trade_date, lack.sequence, lack."lakeKey", ${at}::timestamptz
    from ${lacksTable(transaction, lacks)}
    inner join public.source_polygon_stock_bars_daily as bars
      on bars.ticker = lack.ticker and bars.trade_date = lack."tradeDate"
    on conflict (ticker, trade_date) do nothing
    returning ticker`;
  return rows.length;
}

const lacksTable = (transaction: TransactionSql, lacks: Lack[]) => transaction`
  jsonb_to_recordset(${transaction.json(lacks)}::jsonb)
    as lack (ticker text, "tradeDate" date, sequence bigint, "lakeKey" text)`;

/** Ends the doubts in bars that answers of a run state which are later than those that lack them. */
export async function endDoubts(transaction: TransactionSql, runId: number, sequences: number[]): Promise<void> {
  await transaction`
    with doubted as materialized (
      select ticker, trade_date, sequence from barline.doubtful_bars
    ), stated as materialized (
      select distinct staged.ticker, staged.trade_date
      from doubted inner join barline.staging_stock_bars as staged
        on staged.ticker = doubted.ticker and staged.trade_date = doubted.trade_date and staged.sequence > doubted.sequence
      -- Mostly there are none, and staging need not be read.
      where exists (select 1 from barline.doubtful_bars) and staged.run_id = ${runId}::bigint
        and staged.sequence = any (${sequences}::bigint[])
    )
    delete from barline.doubtful_bars as doubts
    using stated
    where stated.ticker = doubts.ticker and stated.trade_date = doubts.trade_date`;
}

/** Says of withdrawn bars that are among the raw ones again since when they are. Answers how many. */
export async function returnBars(transaction: TransactionSql, at: Date): Promise<number> {
  const rows = await transaction`
    with gone as materialized (
      select ticker, trade_date from public.source_polygon_withdrawn_bars where returned_at is null
    ), back as materialized (
      select bars.ticker, bars.trade_date
      from gone inner join public.source_polygon_stock_bars_daily as bars
        on bars.ticker = gone.ticker and bars.trade_date = gone.trade_date
    )
    update public.source_polygon_withdrawn_bars as withdrawn set returned_at = ${at}::timestamptz
    from back
    where withdrawn.returned_at is null and withdrawn.ticker = back.ticker and withdrawn.trade_date = back.trade_date
    returning withdrawn.ticker`;
  return rows.length;
}

/** Takes out of a run's staged rows those of bars that a later answer has withdrawn. Answers how many. */
export async function deleteWithdrawn(transaction: TransactionSql, runId: number): Promise<number> {
  const rows = await transaction`
    delete from barline.staging_stock_bars as staged
    using public.source_polygon_withdrawn_bars as withdrawn
    where exists (select 1 from public.source_polygon_withdrawn_bars where returned_at is null)
      and staged.run_id = ${runId}::bigint and withdrawn.returned_at is null and staged.ticker = withdrawn.ticker
      and staged.trade_date = withdrawn.trade_date and staged.sequence < withdrawn.sequence`;
  return rows.count;
}
