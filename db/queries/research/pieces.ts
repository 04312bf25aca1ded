import type { JsonValue, Sql, TransactionSql } from "../../client.ts";
import { isStray } from "../pipeline/leases.ts";

type Any = Sql | TransactionSql;

/** What a process with the role for it takes: a sweep as a whole, points of one that another has, a backtest over the universe. */
export type PieceKind = "sweep" | "points" | "backtest";

export type Piece = { id: number; kind: PieceKind; sweepId: number | null; input: JsonValue; losses: number };

/** The channel on which processes tell each other that there are pieces, or that one has ended. */
export const pieceChannel = "barline_pieces";

/** Queues a piece, and tells of it when that commits. Answers its id. */
export async function insertPiece(
  sql: Any,
  { kind, sweepId, input }: { kind: PieceKind; sweepId: number | null; input: JsonValue },
): Promise<number> {
  const [row] = await sql<[{ id: number }]>`
    with queued as (
      insert into barline.research_pieces (kind, sweep_id, input)
      values (${kind}::text, ${sweepId}::bigint, ${sql.json(input)}::jsonb)
      returning id
    )
    select id, pg_notify(${pieceChannel}::text, '') from queued`;
  return row.id;
}

export type PieceClaim = {
  owner: string;
  /** What goes first stands first. */
  kinds: readonly PieceKind[];
  /** Only of this sweep; of any where left out. */
  sweepId?: number;
  /** Of none of these sweeps. */
  refused: readonly number[];
  leaseMs: number;
};

/** Takes one queued piece under a lease; null where none is to be had. What another process is claiming is passed over. */
export async function claimPiece(
  sql: Sql,
  { owner, kinds, sweepId, refused, leaseMs }: PieceClaim,
): Promise<Piece | null> {
  const [piece] = await sql<Piece[]>`
    with picked as (
      select id from barline.research_pieces
      where state = 'queued' and kind = any (${[...kinds]}::text[])
        and (${sweepId ?? null}::bigint is null or sweep_id = ${sweepId ?? null}::bigint)
        and (sweep_id is null or sweep_id <> all (${[...refused]}::bigint[]))
      order by array_position(${[...kinds]}::text[], kind), id limit 1
      for update skip locked
    )
    update barline.research_pieces set state = 'running', lease_owner = ${owner}::text,
      lease_expires_at = now() + ${leaseMs}::float8 * interval '1 millisecond'
    from picked where research_pieces.id = picked.id
    returning research_pieces.id, kind, sweep_id as "sweepId", input, losses`;
  return piece ?? null;
}

/** Renews the leases of pieces that are still `owner`'s. Answers those; the others are its own no longer. */
export async function renewPieces(sql: Sql, owner: string, ids: number[], leaseMs: number): Promise<number[]> {
  const rows = await sql<{ id: number }[]>`
    update barline.research_pieces set lease_expires_at = now() + ${leaseMs}::float8 * interval '1 millisecond'
    where state = 'running' and lease_owner = ${owner}::text and id = any (${ids}::bigint[])
    returning id`;
  return rows.map(({ id }) => id);
}

/**
 * Queues again what a process held that died or fell silent; what `self` knows that it holds is left alone. Backtests older than
 * `oldMinutes` go, as whoever asked has. Answers how many pieces wait to be taken.
 */
export async function recoverPieces(
  sql: Any,
  self: string,
  { held, leaseMs, oldMinutes }: { held: number[]; leaseMs: number; oldMinutes: number },
): Promise<number> {
  const [row] = await sql<[{ waiting: number }]>`
    with old as (
      delete from barline.research_pieces
      where kind = 'backtest' and created_at < now() - make_interval(mins => ${oldMinutes}::int)
    ), stray as (
      select id from barline.research_pieces
      where state = 'running' and id <> all (${held}::bigint[]) and ${isStray(sql, self, leaseMs)}
      for update skip locked
    ), lost as (
      update barline.research_pieces set state = 'queued', lease_owner = null, lease_expires_at = null, losses = losses + 1
      from stray where research_pieces.id = stray.id
      returning research_pieces.id
    )
    select (select count(*) from lost)::int
      + (select count(*) from barline.research_pieces where state = 'queued')::int as waiting`;
  return row.waiting;
}

/** Gives a piece back that `owner` cannot, or may not, bring to its end. */
export async function releasePiece(sql: Sql, owner: string, id: number): Promise<void> {
  await sql`
    with released as (
      update barline.research_pieces set state = 'queued', lease_owner = null, lease_expires_at = null
      where id = ${id}::bigint and state = 'running' and lease_owner = ${owner}::text
      returning id
    )
    select pg_notify(${pieceChannel}::text, '') from released`;
}

export type PieceEnd = { state: "success"; output: Uint8Array } | { state: "failed"; error: JsonValue };

/** Keeps what a piece gave, where `owner` still holds it, and tells of it. Answers whether it did. */
export async function finishPiece(sql: Sql, owner: string, id: number, end: PieceEnd): Promise<boolean> {
  const [output, error] = end.state === "success" ? [end.output, null] : [null, end.error];
  const rows = await sql`
    with ended as (
      update barline.research_pieces set state = ${end.state}::text, output = ${output}::bytea,
        error = nullif(${sql.json(error)}::jsonb, 'null'::jsonb), lease_owner = null, lease_expires_at = null
      where id = ${id}::bigint and state = 'running' and lease_owner = ${owner}::text
      returning id
    )
    select pg_notify(${pieceChannel}::text, '') from ended`;
  return rows.length > 0;
}

/** What became of a backtest that somebody waits for; null where it is gone. */
export type BacktestPiece = {
  state: "queued" | "running" | "success" | "failed";
  output: Uint8Array | null;
  error: JsonValue;
  /** Whether any process is alive that takes such pieces. */
  isServed: boolean;
};

export async function selectBacktest(sql: Sql, id: number, silentMs: number): Promise<BacktestPiece | null> {
  const [row] = await sql<BacktestPiece[]>`
    select state, output, error, exists (
      select from barline.processes where stopped_at is null and 'sweep' = any (roles)
        and heartbeat_at > now() - ${silentMs}::float8 * interval '1 millisecond') as "isServed"
    from barline.research_pieces where id = ${id}::bigint`;
  return row ?? null;
}

export async function deletePiece(sql: Sql, id: number): Promise<void> {
  await sql`delete from barline.research_pieces where id = ${id}::bigint`;
}

/** Points of a sweep as they were given away. */
export type PointsPiece = { id: number; input: JsonValue; state: "queued" | "running" | "success" };

export async function selectPoints(sql: Sql, sweepId: number): Promise<PointsPiece[]> {
  return await sql<PointsPiece[]>`
    select id, input, state from barline.research_pieces
    where sweep_id = ${sweepId}::bigint and kind = 'points' order by id`;
}

/** What pieces of points gave, of those of `ids` that have ended. */
export async function selectPointsFound(sql: Sql, ids: number[]): Promise<{ id: number; output: Uint8Array }[]> {
  return await sql<{ id: number; output: Uint8Array }[]>`
    select id, output from barline.research_pieces
    where id = any (${ids}::bigint[]) and state = 'success'`;
}

/** Takes back points of a sweep that nobody has begun. Answers their ids. */
export async function takePointsBack(sql: Sql, sweepId: number): Promise<number[]> {
  const rows = await sql<{ id: number }[]>`
    delete from barline.research_pieces
    where sweep_id = ${sweepId}::bigint and kind = 'points' and state = 'queued' returning id`;
  return rows.map(({ id }) => id);
}

/** Forgets points that were given away to be run on other data than they are now. */
export async function deletePoints(sql: Sql, ids: number[]): Promise<void> {
  await sql`delete from barline.research_pieces where id = any (${ids}::bigint[])`;
}
