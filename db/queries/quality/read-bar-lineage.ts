import type { Sql } from "../../client.ts";

/** An answer that may hold a session's bar: the run that fetched it, and the one that loaded it. */
export type Landing = {
  manifest: string;
  runId: number;
  finishedAt: Date | null;
  loadId: number | null;
  loadState: string | null;
  loadedAt: Date | null;
  transformId: number | null;
  transformState: string | null;
  publishedAt: Date | null;
};

type Jobs = { ingest: string; load: string; transform: string };

/**
 * The last runs that fetched a session, the latest answer first: events are loaded in the order of their ids. By the runs'
 * own table, some thousand rows of one index.
 */
export function selectLandings(sql: Sql, jobs: Jobs, session: string, limit: number): Promise<Landing[]> {
  return sql<Landing[]>`
    select
      events.payload ->> 'manifest' as manifest,
      fetched.id as "runId",
      fetched.finished_at as "finishedAt",
      loads.id as "loadId",
      loads.state as "loadState",
      loads.finished_at as "loadedAt",
      published.id as "transformId",
      published.state as "transformState",
      published.finished_at as "publishedAt"
    from (
      select id, finished_at
      from barline.runs
      where
        job_id = ${jobs.ingest}::text
        and state = 'success'
        and partition <= ${session}::text
        and partition_to >= ${session}::text
      order by id desc
      limit ${limit}::int
    ) as fetched
    inner join barline.dataset_events as events
      on events.run_id = fetched.id and jsonb_typeof(events.payload -> 'manifest') = 'string'
    left join barline.event_claims as claims on claims.job_id = ${jobs.load}::text and claims.event_id = events.id
    left join barline.runs as loads on loads.id = claims.run_id
    left join lateral (
      select transforms.id, transforms.state, transforms.finished_at
      from barline.dataset_events as made
      inner join barline.event_claims as taken
        on taken.job_id = ${jobs.transform}::text and taken.event_id = made.id
      inner join barline.runs as transforms on transforms.id = taken.run_id
      where made.run_id = loads.id
      order by transforms.id desc
      limit 1
    ) as published on true
    order by events.id desc`;
}

/** A row of a table by column, values as text: exact, and in the order of the table's columns. */
export type RelationRow = Record<string, string | null>;

/** A ticker's session in a table or view of `public`; null where it has none, or the relation is not there (yet). */
export async function selectSessionRow(
  sql: Sql,
  relation: string,
  ticker: string,
  session: string,
): Promise<RelationRow | null> {
  const [known] = await sql<{ columns: string[] | null }[]>`
    select array_agg(attname::text order by attnum) as columns
    from pg_attribute
    where attrelid = to_regclass(${`public.${relation}`}::text) and attnum > 0 and not attisdropped`;
  const columns = known?.columns ?? [];
  if (!columns.includes("ticker") || !columns.includes("trade_date")) return null;
  const [found] = await sql<{ row: RelationRow }[]>`
    select (select jsonb_object_agg(key, value) from jsonb_each_text(to_jsonb(bars))) as row
    from ${sql(`public.${relation}`)} as bars
    where ticker = ${ticker}::text and trade_date = ${session}::date`;
  return found ? Object.fromEntries(columns.map((name) => [name, found.row[name] ?? null])) : null;
}
