import type { Sql, TransactionSql } from "../client.ts";
import { lockKeys } from "../locks.ts";
import { quoteRelation } from "../quote.ts";
import { replaceTable } from "./replace.ts";
import { type Distribution, type Run, rawBars } from "./types.ts";

/** Where the bars grow on shards beside those that serve meanwhile. */
const growing = { schema: "barline_growing", identifier: rawBars.identifier };

/** A transaction of some seconds: each reads the old table once, which has no ticker's rows in one place. */
const rowsPerChunk = 1_000_000;

/** What of a distribution the raw bars need to grow on it. */
export type Ground = Pick<Distribution, "begin" | "isDistributed" | "distribute" | "move">;

/** How far the copying is, in bars. */
export type GrowthTask = {
  ground: Ground;
  /** Bars that a transaction copies at most, but for a ticker's, which are copied at once. */
  chunk?: number;
  onProgress(copied: number, of: number): void;
};

/** How many bars one ticker has, here and there. */
type Difference = { ticker: string; rows: number; copied: number };

/**
 * Copies the raw bars to a distributed table beside them. What is there already is not copied again, so that it goes on where it was
 * ended. Loads and readers go on meanwhile; what they change is found by the next call.
 */
export async function copyBars(sql: Sql, { ground, chunk = rowsPerChunk, onProgress }: GrowthTask): Promise<void> {
  await sql.begin((transaction) => openGrowing(transaction, ground));
  const { differences, rows } = await compare(sql);
  let left = differences.reduce((sum, difference) => sum + difference.rows, 0);
  onProgress(rows - left, rows);
  for (const tickers of inChunks(differences, chunk)) {
    await sql.begin((transaction) => copyTickers(transaction, tickers));
    left -= tickers.reduce((sum, difference) => sum + difference.rows, 0);
    onProgress(rows - left, rows);
  }
}

/**
 * Puts the grown table in the place of the other, with what has changed since it was copied. The caller has seen to it that no process
 * is at work. Answers how many bars there are.
 */
export async function finishGrowth(
  transaction: TransactionSql,
  { ground }: Pick<GrowthTask, "ground">,
): Promise<number> {
  const run: Run = (text) => transaction.unsafe(text);
  await ground.begin(run, {});
  // Nobody writes from here on; everybody reads, to the swap.
  await transaction`select pg_advisory_xact_lock(${lockKeys.build}::bigint), pg_advisory_xact_lock(${lockKeys.rawTables}::bigint)`;
  await run(`lock table ${quoteRelation(rawBars)} in exclusive mode`);
  await openGrowing(transaction, ground);
  await copyTickers(transaction, (await compare(transaction)).differences);
  const { differences, rows } = await compare(transaction);
  if (differences.length > 0) throw new Error(`The bars of ${differences[0]?.ticker} could not be copied as they are.`);
  await run("set local lock_timeout = '2s'");
  await replaceTable(run, ground, { old: rawBars, fresh: growing });
  await run("set local lock_timeout = 0");
  await run(`drop schema ${growing.schema}`);
  return rows;
}

/** Takes away what was copied so far. */
export async function abandonGrowth(transaction: TransactionSql): Promise<void> {
  await transaction.unsafe(`drop schema if exists ${growing.schema} cascade`);
}

async function openGrowing(transaction: TransactionSql, ground: Ground): Promise<void> {
  const run: Run = (text) => transaction.unsafe(text);
  if (await ground.isDistributed(run, growing)) return;
  await run(`create schema if not exists ${growing.schema}`);
  await run(`create table ${quoteRelation(growing)} (like ${quoteRelation(rawBars)} including all)`);
  await ground.distribute(run, growing, "ticker");
}

/** Which tickers' bars are others here than there, and how many bars there are. */
async function compare(sql: Sql | TransactionSql): Promise<{ differences: Difference[]; rows: number }> {
  const [here, there] = [await digest(sql, rawBars), await digest(sql, growing)];
  const differences: Difference[] = [];
  let rows = 0;
  for (const ticker of new Set([...here.keys(), ...there.keys()])) {
    const [one, other] = [here.get(ticker), there.get(ticker)];
    rows += one?.rows ?? 0;
    if (one?.rows === other?.rows && one?.stamps === other?.stamps) continue;
    differences.push({ ticker, rows: one?.rows ?? 0, copied: other?.rows ?? 0 });
  }
  return { differences, rows };
}

/** Which stamps a ticker's bars have: a bar's stamp changes with what it says. */
async function digest(sql: Sql | TransactionSql, table: typeof growing) {
  const rows = await sql<{ ticker: string; rows: number; stamps: string }[]>`
    select ticker, count(*)::int as rows,
      sum(hashint8extended((extract(epoch from inserted_at) * 1000000)::bigint, trade_date - '2000-01-01'::date)::numeric)::text as stamps
    from ${sql(`${table.schema}.${table.identifier}`)}
    group by ticker`;
  return new Map(rows.map((row) => [row.ticker, row]));
}

async function copyTickers(transaction: TransactionSql, chunk: readonly Difference[]): Promise<void> {
  const stale = chunk.filter(({ copied }) => copied > 0).map(({ ticker }) => ticker);
  const [from, into] = [
    transaction(`${rawBars.schema}.${rawBars.identifier}`),
    transaction(`${growing.schema}.${growing.identifier}`),
  ];
  if (stale.length > 0) await transaction`delete from ${into} where ticker = any(${stale}::text[])`;
  const wanted = chunk.map(({ ticker }) => ticker);
  if (wanted.length > 0)
    await transaction`insert into ${into} select * from ${from} where ticker = any(${wanted}::text[])`;
}

function* inChunks(differences: readonly Difference[], most: number): Generator<Difference[]> {
  let chunk: Difference[] = [];
  let rows = 0;
  for (const difference of differences) {
    if (chunk.length > 0 && rows + difference.rows > most) {
      yield chunk;
      [chunk, rows] = [[], 0];
    }
    chunk.push(difference);
    rows += difference.rows;
  }
  if (chunk.length > 0) yield chunk;
}
