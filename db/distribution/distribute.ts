import type { Sql, TransactionSql } from "../client.ts";
import { lockKeys } from "../locks.ts";
import { quoteRelation } from "../quote.ts";
import { openCitus } from "./citus.ts";
import { type Distribution, distributedSources, type Run, rawBars, sharedSchema } from "./types.ts";

/**
 * Makes what a distributed warehouse has besides its tables, where it is not there yet: the row a shard by which shards are reached, and
 * the functions that run there.
 */
export async function prepareShards(sql: Sql, shards: number): Promise<void> {
  await inDistribution(sql, (transaction) => prepareIn(transaction, shards));
}

/** Lays the raw tables on the shards, as far as they do not lie there yet; all of it or nothing. What bars they have goes with them. */
export async function distributeRawTables(sql: Sql, shards: number): Promise<Distribution> {
  await inDistribution(sql, async (transaction) => {
    await prepareIn(transaction, shards);
    await layRawTables(transaction);
  });
  return await openCitus(sql);
}

/** No trigger can be on a distributed table: who corrects a bar keeps what it said. */
const dropTrigger = `drop trigger if exists keep_restated_bars on ${quoteRelation(rawBars)}`;

/** Lays the raw tables on the shards that do not lie there yet. */
export async function layRawTables(transaction: TransactionSql): Promise<void> {
  for (const table of distributedSources) {
    const [standing] =
      await transaction`select 1 from pg_dist_partition where logicalrelid = ${quoteRelation(table)}::regclass`;
    if (standing) continue;
    if (table === rawBars) await transaction.unsafe(dropTrigger);
    else await transaction.unsafe(`truncate ${quoteRelation(table)}`);
    await transaction`select create_distributed_table(${quoteRelation(table)}::regclass, 'ticker', colocate_with => 'barline.shards')`;
  }
}

/** One process distributes at a time, in one transaction with one connection a worker. */
async function inDistribution(sql: Sql, work: (transaction: TransactionSql) => Promise<void>): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`set local citus.multi_shard_modify_mode = 'sequential'`;
    await transaction`select pg_advisory_xact_lock(${lockKeys.migration}::bigint)`;
    await work(transaction);
  });
}

async function prepareIn(transaction: TransactionSql, shards: number): Promise<void> {
  await transaction`create schema if not exists ${transaction(sharedSchema)}`;
  const [standing] = await transaction`select 1 where to_regclass('barline.shards') is not null`;
  if (standing) return;
  await transaction`create table barline.shards (key text collate "C" primary key, number integer not null)`;
  await transaction`
    select create_distributed_table('barline.shards', 'key', shard_count => ${shards}::int, colocate_with => 'none')`;
  // Of some thousand texts at least one lies in each shard.
  await transaction`
    insert into barline.shards (key, number)
    select key, row_number() over (order by first) - 1
    from (
      select distinct on (first) placed.shardminvalue::int as first, texts.key
      from (select 'shard' || number as key from generate_series(1, ${shards * 50}::int) as number) as texts
      inner join pg_dist_shard as placed
        on placed.shardid = get_shard_id_for_distribution_column('barline.shards'::regclass, texts.key)
      order by first, texts.key
    ) as found`;
  await transaction`
    create function barline.run_on_shard(statements text) returns bigint language plpgsql
    set citus.enable_ddl_propagation to off
    as $$
    declare written bigint;
    begin
      execute statements;
      get diagnostics written = row_count;
      return written;
    end $$`;
  await transaction`
    create function barline.ask_shard(query text) returns setof jsonb language plpgsql
    set citus.enable_ddl_propagation to off
    as $$
    begin
      return query execute 'select to_jsonb(answered) from (' || query || E'\n) as answered';
    end $$`;
  // Who calls them can do no more than he could; but they are nobody else's business.
  await transaction`revoke all on function barline.run_on_shard(text), barline.ask_shard(text) from public`;
}

/** Brings every table of a distributed warehouse back to the coordinator, and takes away what made it one; all of it or nothing. */
export async function undistribute(transaction: TransactionSql): Promise<string[]> {
  const run: Run = (text) => transaction.unsafe(text);
  await run("set local citus.multi_shard_modify_mode = 'sequential'");
  const tables = await transaction<{ name: string }[]>`
    select logicalrelid::text as name
    from pg_dist_partition
    where partmethod = 'h' and logicalrelid <> to_regclass('barline.shards')
      and colocationid = (select colocationid from pg_dist_partition where logicalrelid = to_regclass('barline.shards'))
    order by name`;
  for (const { name } of tables) await transaction`select undistribute_table(${name}::regclass)`;
  await run(`drop schema if exists ${sharedSchema} cascade`);
  await run("drop function if exists barline.run_on_shard(text), barline.ask_shard(text)");
  await run("drop table if exists barline.shards");
  await run(dropTrigger);
  await run(`
    create trigger keep_restated_bars after update on ${quoteRelation(rawBars)}
    referencing old table as before new table as after
    for each statement execute function barline.keep_restated_bars()`);
  return tables.map(({ name }) => name);
}
