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

/** As its piece says: one that has not ended and has none was interrupted, as a version before pieces did it. */
const columns = (sql: Sql) => sql`
  sweeps.id, request, points, done, sweeps.error, cancel_requested as "cancelRequested", sweeps.created_at as "createdAt",
  created_by as "createdBy", started_at as "startedAt", finished_at as "finishedAt",
  case when finished_at is null then coalesce(whole.state, 'interrupted') else sweeps.state end as state`;

const sweepsAsTheyStand = (sql: Sql) => sql`
  barline.sweeps left join barline.research_pieces as whole on whole.sweep_id = sweeps.id and whole.kind = 'sweep'`;

/** Sweeps, the newest first. */
export async function selectSweeps(sql: Sql, limit: number): Promise<ListedSweep[]> {
  return await sql<ListedSweep[]>`
    select ${columns(sql)}, result #> '{best,0}' as best, result -> 'tally' as tally
    from ${sweepsAsTheyStand(sql)} order by sweeps.id desc limit ${limit}::int`;
}

/** One sweep with what it found. */
export async function selectSweep(sql: Sql, id: number): Promise<WholeSweep | null> {
  const [row] = await sql<WholeSweep[]>`
    select ${columns(sql)}, result from ${sweepsAsTheyStand(sql)} where sweeps.id = ${id}::bigint`;
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
      and (finished_at is not null
        or not exists (select from barline.research_pieces where sweep_id = sweeps.id and kind = 'sweep'))`;
}

/** Sweeps that wait for a process, and whether any is at work. */
export async function countOpenSweeps(sql: Sql): Promise<{ waiting: number; running: number }> {
  const [row] = await sql<[{ waiting: number; running: number }]>`
    select count(*) filter (where state = 'queued')::int as waiting, count(*) filter (where state = 'running')::int as running
    from barline.research_pieces where kind = 'sweep'`;
  return row;
}

/** Notes that a sweep is run now; one that was taken over began when it first was. */
export async function startSweep(sql: Sql, id: number): Promise<void> {
  await sql`
    update barline.sweeps set state = 'running', started_at = coalesce(started_at, now())
    where id = ${id}::bigint and finished_at is null`;
}

/** How a sweep stands with those who run it: the process that has it as a whole, and the others. */
export type SweepBeat = {
  /** Whether it is still this process's. */
  isHeld: boolean;
  cancelRequested: boolean;
  /** Other processes that take pieces. */
  others: number;
  /** Pieces of its points that nobody has begun, and ids of those that have ended. */
  queued: number;
  ended: number[];
};

/** Renews the lease of a sweep and says how far it is. One statement, as it is sent several times a second. */
export async function beatSweep(
  sql: Sql,
  sweep: { id: number; pieceId: number; owner: string; done: number; leaseMs: number },
): Promise<SweepBeat> {
  const { id, pieceId, owner, done, leaseMs } = sweep;
  const [row] = await sql<SweepBeat[]>`
    with held as (
      update barline.research_pieces set lease_expires_at = now() + ${leaseMs}::float8 * interval '1 millisecond'
      where id = ${pieceId}::bigint and state = 'running' and lease_owner = ${owner}::text
      returning id
    ), told as (
      update barline.sweeps set done = ${done}::int
      where id = ${id}::bigint and finished_at is null and exists (select from held)
    )
    select exists (select from held) as "isHeld", cancel_requested as "cancelRequested",
      (select count(*)::int from barline.processes
        where stopped_at is null and owner <> ${owner}::text and 'sweep' = any (roles)
          and heartbeat_at > now() - ${leaseMs}::float8 * interval '1 millisecond') as others,
      (select count(*)::int from barline.research_pieces
        where sweep_id = sweeps.id and kind = 'points' and state = 'queued') as queued,
      coalesce((select array_agg(pieces.id::int) from barline.research_pieces as pieces
        where sweep_id = sweeps.id and kind = 'points' and pieces.state = 'success'), '{}') as ended
    from barline.sweeps where id = ${id}::bigint`;
  return row ?? { isHeld: false, cancelRequested: false, others: 0, queued: 0, ended: [] };
}

/** Notes that a sweep is to stop. Answers whether it was still to end. */
export async function requestSweepCancel(sql: Sql | TransactionSql, id: number): Promise<boolean> {
  const rows = await sql`
    update barline.sweeps set cancel_requested = true where id = ${id}::bigint and finished_at is null returning id`;
  return rows.length > 0;
}

/** Closes a sweep that no process has, with its pieces. Answers whether it was one. */
export async function closeUnheldSweep(sql: Sql | TransactionSql, id: number): Promise<boolean> {
  const rows = await sql`
    with whole as (
      delete from barline.research_pieces where sweep_id = ${id}::bigint and kind = 'sweep' and state = 'queued' returning id
    ), points as (
      delete from barline.research_pieces where sweep_id = ${id}::bigint and kind = 'points' and exists (select from whole)
    )
    update barline.sweeps set state = 'cancelled', finished_at = now()
    where id = ${id}::bigint and finished_at is null and (
      exists (select from whole)
      or not exists (select from barline.research_pieces where sweep_id = sweeps.id and kind = 'sweep'))
    returning id`;
  return rows.length > 0;
}

export type SweepEnd =
  | { state: "success"; result: JsonValue; maps: Uint8Array }
  | { state: "failed" | "interrupted"; error: string }
  | { state: "cancelled" };

/** Keeps how a sweep ended, where `owner` still has it, and forgets its pieces. Answers whether it did. */
export async function finishSweep(
  sql: Sql,
  { id, owner, done }: { id: number; owner: string; done: number },
  end: SweepEnd,
): Promise<boolean> {
  const found = end.state === "success" ? end : { result: null, maps: null };
  const error = "error" in end ? end.error : null;
  const rows = await sql`
    with held as (
      select id from barline.research_pieces
      where sweep_id = ${id}::bigint and kind = 'sweep' and state = 'running' and lease_owner = ${owner}::text
      for update
    ), ended as (
      update barline.sweeps
      set state = ${end.state}::text, done = ${done}::int, error = ${error}::text, finished_at = now(),
        result = nullif(${sql.json(found.result)}::jsonb, 'null'::jsonb), maps = ${found.maps}::bytea
      where id = ${id}::bigint and finished_at is null and exists (select from held)
      returning id
    ), gone as (
      delete from barline.research_pieces where sweep_id in (select id from ended)
    )
    select id from ended`;
  return rows.length > 0;
}
