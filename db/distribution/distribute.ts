import type { Sql } from "../client.ts";
import { openCitus } from "./citus.ts";
import { type Distribution, distributedSources, quoted, sharedSchema } from "./types.ts";

/** Makes what a distributed warehouse has besides its tables: the row a shard by which shards are reached, and the function that runs there. */
async function prepareShards(sql: Sql, shards: number): Promise<void> {
  await sql`create schema if not exists ${sql(sharedSchema)}`;
  await sql.begin(async (transaction) => {
    await transaction`set local citus.multi_shard_modify_mode = 'sequential'`;
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
  });
}

/** Lays the raw tables on the shards, with the rows that they have. */
export async function distributeRawTables(sql: Sql, shards: number): Promise<Distribution> {
  await prepareShards(sql, shards);
  // No trigger can be on a distributed table: who corrects a bar keeps what it said.
  await sql`drop trigger if exists keep_restated_bars on public.source_polygon_stock_bars_daily`;
  for (const table of distributedSources) {
    await sql`select create_distributed_table(${quoted(table)}::regclass, 'ticker', colocate_with => 'barline.shards')`;
  }
  return await openCitus(sql);
}
