import type { Sql } from "../../client.ts";

/** What has happened since to a ticker's data of a range; times are those of our reading it, null where nothing has. */
export type DataChanges = {
  correctedBars: number;
  correctedAt: Date | null;
  /** Execution dates of splits in or after the range: these move all prices before them. */
  splits: string[];
  dividends: number;
  dividendsAt: Date | null;
};

/** Why the data of a range may differ from what was read at `since`. Dates are inclusive. */
export async function selectDataChanges(
  sql: Sql,
  { ticker, from, to, since }: { ticker: string; from: string; to: string; since: Date },
): Promise<DataChanges> {
  const [changes] = await sql<[DataChanges]>`
    select
      corrected.bars as "correctedBars",
      corrected.at as "correctedAt",
      array(
        select execution_date::text
        from public.source_polygon_splits
        where ticker = ${ticker}::text
          and execution_date > ${from}::date
          and (
            inserted_at > ${since}::timestamptz
            or execution_date > (${since}::timestamptz at time zone 'America/New_York')::date
          )
        order by execution_date
      ) as splits,
      paid.rows as dividends,
      paid.at as "dividendsAt"
    from (
      select count(distinct trade_date)::int as bars, max(replaced_at) as at
      from public.source_polygon_stock_bars_restatements
      where ticker = ${ticker}::text
        and trade_date between ${from}::date and ${to}::date
        and replaced_at > ${since}::timestamptz
    ) as corrected
    cross join (
      select count(*)::int as rows, max(inserted_at) as at
      from public.source_polygon_dividends
      where ticker = ${ticker}::text
        and ex_dividend_date between ${from}::date and ${to}::date
        and inserted_at > ${since}::timestamptz
    ) as paid`;
  return changes;
}

/** Text that changes when a build of the job is published, or reference data are read: what pages read may be kept until then. */
export async function selectPublishedMark(sql: Sql, jobId: string): Promise<string> {
  const [row] = await sql<[{ mark: string }]>`
    select concat_ws(
      ' ',
      (select max(finished_at) from barline.runs where job_id = ${jobId}::text and state = 'success'),
      (select max(read_at) from barline.reference_reads)
    ) as mark`;
  return row.mark;
}
