import type { Sql } from "../../../db/client.ts";

/** Bytes of write-ahead log that this server has written since it was made. */
export async function readLogPosition(sql: Sql): Promise<number> {
  const [row] = await sql<{ bytes: number }[]>`
    select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as bytes`;
  return row?.bytes ?? 0;
}

/** Runs of a job that wait or are at work, and events that it has to claim. */
export async function readUnfinished(sql: Sql, job: string): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select (
      (select count(*) from barline.runs where job_id = ${job}::text and state in ('queued', 'running'))
      + (select count(*) from barline.pending_events where job_id = ${job}::text)
    )::int as count`;
  return row?.count ?? 0;
}

/** Some tickers that traded in the newest session, evenly taken from all of them. */
export async function readSomeTickers(sql: Sql, count: number): Promise<string[]> {
  const rows = await sql<{ ticker: string }[]>`
    select ticker
    from (
      select ticker, row_number() over (order by ticker collate "C") - 1 as position, count(*) over () as tickers
      from public.fct_polygon__latest_session
    ) as listed
    where position % greatest(1, tickers / ${count}::int) = 0
    order by position
    limit ${count}::int`;
  return rows.map(({ ticker }) => ticker);
}
