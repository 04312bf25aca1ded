import type { JsonValue, Sql, TransactionSql } from "../../client.ts";

type SweepState = "queued" | "running" | "success" | "failed" | "cancelled" | "interrupted";

/** A sweep without what it found. */
export type SweepRow = {
  id: number;
  request: JsonValue;
  state: SweepState;
  points: number;
  done: number;
  error: string | null;
  cancelRequested: boolean;
  createdAt: Date;
  createdBy: string;
  startedAt: Date | null;
  finishedAt: Date | null;
};

/** Of a list: with the best point, where there is one. */
export type ListedSweep = SweepRow & { best: JsonValue | null; tally: JsonValue | null };

export type WholeSweep = SweepRow & { result: JsonValue | null };

/** Whose process has said nothing for so long is interrupted: it says so several times a second. */
const silenceSeconds = 15;

const columns = (sql: Sql) => sql`
  id, request, points, done, error, cancel_requested as "cancelRequested", created_at as "createdAt",
  created_by as "createdBy", started_at as "startedAt", finished_at as "finishedAt",
  case
    when finished_at is null and beat_at < now() - make_interval(secs => ${silenceSeconds}::int) then 'interrupted'
    else state
  end as state`;

/** Sweeps, the newest first. */
export async function selectSweeps(sql: Sql, limit: number): Promise<ListedSweep[]> {
  return await sql<ListedSweep[]>`
    select ${columns(sql)}, result #> '{best,0}' as best, result -> 'tally' as tally
    from barline.sweeps order by id desc limit ${limit}::int`;
}

/** One sweep with what it found. */
export async function selectSweep(sql: Sql, id: number): Promise<WholeSweep | null> {
  const [row] = await sql<WholeSweep[]>`select ${columns(sql)}, result from barline.sweeps where id = ${id}::bigint`;
  return row ?? null;
}

/** The bytes of one heat map; null where the sweep has none, or is gone. */
export async function selectSweepMap(
  sql: Sql,
  id: number,
  at: { offset: number; length: number },
): Promise<Uint8Array | null> {
  const [row] = await sql<{ map: Uint8Array | null }[]>`
    select substring(maps from ${at.offset + 1}::int for ${at.length}::int) as map
    from barline.sweeps where id = ${id}::bigint`;
  return row?.map ?? null;
}

export async function insertSweep(
  transaction: TransactionSql,
  sweep: { request: JsonValue; points: number; by: string },
): Promise<number> {
  const [row] = await transaction<[{ id: number }]>`
    insert into barline.sweeps (request, state, points, created_by)
    values (${transaction.json(sweep.request)}, 'queued', ${sweep.points}::int, ${sweep.by}::text)
    returning id`;
  return row.id;
}

/** Forgets the oldest sweeps over the number that is kept; none that is still to end. */
export async function deleteOldSweeps(transaction: TransactionSql, kept: number): Promise<void> {
  await transaction`
    delete from barline.sweeps
    where id <= (select id from barline.sweeps order by id desc offset ${kept}::int limit 1)
      and (finished_at is not null or beat_at < now() - make_interval(secs => ${silenceSeconds}::int))`;
}

export async function startSweep(sql: Sql, id: number): Promise<void> {
  await sql`
    update barline.sweeps set state = 'running', started_at = now(), beat_at = now()
    where id = ${id}::bigint and finished_at is null`;
}

/** Says that a process still has these sweeps, and how far each is. Answers those that somebody wants to stop. */
export async function beatSweeps(sql: Sql, sweeps: { id: number; done: number }[]): Promise<number[]> {
  const rows = await sql<{ id: number; cancelRequested: boolean }[]>`
    update barline.sweeps set beat_at = now(), done = beating.done
    from unnest(${sweeps.map(({ id }) => id)}::bigint[], ${sweeps.map(({ done }) => done)}::int[]) as beating (id, done)
    where sweeps.id = beating.id and finished_at is null
    returning sweeps.id, cancel_requested as "cancelRequested"`;
  return rows.filter((row) => row.cancelRequested).map((row) => row.id);
}

/** Notes that a sweep is to stop. Answers whether it was still to end. */
export async function requestSweepCancel(sql: Sql | TransactionSql, id: number): Promise<boolean> {
  const rows = await sql`
    update barline.sweeps set cancel_requested = true where id = ${id}::bigint and finished_at is null returning id`;
  return rows.length > 0;
}

/** Closes a sweep that no process has any more. Answers whether it was one. */
export async function closeSilentSweep(sql: Sql | TransactionSql, id: number): Promise<boolean> {
  const rows = await sql`
    update barline.sweeps set state = 'cancelled', finished_at = now()
    where id = ${id}::bigint and finished_at is null
      and beat_at < now() - make_interval(secs => ${silenceSeconds}::int)
    returning id`;
  return rows.length > 0;
}

export type SweepEnd =
  | { state: "success"; result: JsonValue; maps: Uint8Array }
  | { state: "failed" | "interrupted"; error: string }
  | { state: "cancelled" };

/** Keeps how a sweep ended; one that is not there any more is forgotten. */
export async function finishSweep(sql: Sql, id: number, done: number, end: SweepEnd): Promise<void> {
  const found = end.state === "success" ? end : { result: null, maps: null };
  const error = "error" in end ? end.error : null;
  await sql`
    update barline.sweeps
    set state = ${end.state}::text, done = ${done}::int, error = ${error}::text, finished_at = now(),
      result = nullif(${sql.json(found.result)}::jsonb, 'null'::jsonb), maps = ${found.maps}::bytea
    where id = ${id}::bigint and finished_at is null`;
}
