import { seeAllServers } from "../../all-servers.ts";
import { isDistributed, type Sql, type TransactionSql } from "../../client.ts";
import { isUndefinedTable } from "../../errors.ts";
import { adoptSnapshot, exportSnapshot } from "../../snapshot.ts";

/** The published tables that backtests read, in the order in which a build puts new ones in their place. */
export const tablesOfBacktests: readonly string[] = [
  "int_polygon__ticker_periods",
  "int_polygon__split_factors",
  "fct_polygon__stock_bars_performance",
  "dim_ticker_periods",
  "dim_securities",
  "dim_tickers",
  "fct_polygon__latest_session",
  "fct_polygon__market_breadth_daily",
  "fct_polygon__month_ends",
];

/** Connections that all read the data of one moment; the first is there for whoever needs but one. */
export type Moment = readonly [Sql, ...Sql[]];

/**
 * Runs `work` on the data of one moment, all that it reads: what is published meanwhile is not seen. A build that would put new
 * tables in the place of these waits until `work` has ended, so it should only read. With `connections`, statements can run beside each
 * other. Where bars are `distributed` there is one connection: servers do not share a snapshot, and their shards run beside each other anyway.
 */
export async function readAtOneMoment<Result>(
  read: Sql,
  work: (...moment: Moment) => Promise<Result>,
  connections = 1,
  distributed = isDistributed(read),
): Promise<Result> {
  const asked = { connections: distributed ? 1 : connections, distributed };
  const readNow = () => readPublished(read, asked, work);
  return asked.connections === 1 ? await readNow() : await inTurn(read, readNow);
}

type Asked = { connections: number; distributed: boolean };

/**
 * Whoever waits for a second connection has the first in hand: where a pool's are all in such hands, everybody waits for ever. So
 * one after the other takes several of a pool.
 */
const turns = new WeakMap<Sql, Promise<unknown>>();

function inTurn<Result>(read: Sql, work: () => Promise<Result>): Promise<Result> {
  const turn = (turns.get(read) ?? Promise.resolve()).then(work);
  turns.set(
    read,
    turn.catch(() => {}),
  );
  return turn;
}

async function readPublished<Result>(
  read: Sql,
  asked: Asked,
  work: (...moment: Moment) => Promise<Result>,
): Promise<Result> {
  try {
    return await readLocked(read, tablesOfBacktests, asked, work);
  } catch (error) {
    if (!isUndefinedTable(error)) throw error;
    // The first build has not ended, or an earlier one had fewer tables.
    return await readLocked(read, await selectPublished(read, tablesOfBacktests), asked, work);
  }
}

const asSeen = "isolation level repeatable read read only";

/** A transaction takes every statement that a pool takes; the two types differ in how connections are got and ended. */
const asSql = (transaction: TransactionSql) => transaction as unknown as Sql;

async function readLocked<Result>(
  read: Sql,
  tables: readonly string[],
  { connections, distributed }: Asked,
  work: (...moment: Moment) => Promise<Result>,
): Promise<Result> {
  const result = await read.begin(asSeen, async (transaction) => {
    // Before the first query, with which the moment begins: a table that took another's place after it would look empty.
    await lockTables(transaction, tables);
    if (distributed) await seeAllServers(transaction);
    if (connections === 1) return await work(asSql(transaction));
    const join = async (snapshot: string, joined: Moment): Promise<Result> =>
      joined.length === connections
        ? await work(...joined)
        : ((await read.begin(asSeen, async (other) => {
            await adoptSnapshot(other, snapshot);
            await lockTables(other, tables);
            return await join(snapshot, [...joined, asSql(other)]);
          })) as Result);
    return await join(await exportSnapshot(transaction), [asSql(transaction)]);
  });
  return result as Result;
}

/** Those of the tables that are published, in their order. */
async function selectPublished(sql: Sql, tables: readonly string[]): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select name
    from unnest(${tables}::text[]) with ordinality as asked (name, position)
    where to_regclass('public.' || name) is not null
    order by position`;
  return rows.map(({ name }) => name);
}

/** Keeps the tables from being dropped or exchanged until the transaction ends; they can be written meanwhile. */
async function lockTables(transaction: TransactionSql, tables: readonly string[]): Promise<void> {
  if (tables.length === 0) return;
  const names = tables.map(
    (table, index) => transaction`${index > 0 ? transaction`, ` : transaction``}public.${transaction(table)}`,
  );
  await transaction`lock table ${names} in access share mode`;
}
