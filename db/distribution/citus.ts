import type { Sql, TransactionSql } from "../client.ts";
import { literal, quoteIdentifier, quoteRelation, type Relation } from "../quote.ts";
import type { Distribution, Run } from "./types.ts";

/** One row a shard, co-located with all that is distributed: what is selected over it runs where the shards are. */
const anchor: Relation = { schema: "barline", identifier: "shards" };

const longestName = 63;

/**
 * Opens a warehouse that Citus has distributed. What goes to shards as a whole text is run by a function that is selected over the anchor:
 * so it runs on the connections of the transaction, beside the shard's rows. A select alone would be committed on each worker by
 * itself; the update of all of the anchor before it makes all of them commit in two phases, or none.
 */
export async function openCitus(sql: Sql): Promise<Distribution> {
  const shards = await readShards(sql);
  const ranges = shards.map(({ first, last }) => `between ${first} and ${last}`);
  // Each shard's own out of the texts for all.
  const own = (texts: readonly string[]) => `(array[${texts.map(literal).join(", ")}])[number + 1]`;
  return {
    shards: shards.length,
    async isDistributed(run, table) {
      const [row] = await run(`
        select count(*) > 0 as lies from pg_dist_partition
        where partmethod = 'h' and logicalrelid::oid = to_regclass(${literal(quoteRelation(table))})::oid`);
      return row?.lies === true;
    },
    async begin(run, settings) {
      // One connection a worker: of several each would have a snapshot of its own, and not see what another has made.
      await run("set local citus.multi_shard_modify_mode = 'sequential'");
      await run("set local citus.propagate_set_commands = 'local'");
      await run(`update ${quoteRelation(anchor)} set number = number`);
      for (const [name, value] of Object.entries(settings)) await run(`set local ${name} = ${literal(value)}`);
    },
    async distribute(run, table, column) {
      await run(
        `select create_distributed_table(${regclass(table)}, ${literal(column)}, colocate_with => ${literal(quoteRelation(anchor))})`,
      );
    },
    async replicate(run, table) {
      await run(`select create_reference_table(${regclass(table)})`);
    },
    async move(run, table, schema) {
      await run(`alter table ${quoteRelation(table)} set schema ${quoteIdentifier(schema)}`);
    },
    shardsOf: readShardNames,
    async replicaOf(run, table) {
      const [replica] = await readShardNames(run, table);
      if (!replica) throw new Error(`${quoteRelation(table)} is no reference table.`);
      return replica;
    },
    owns: (shard, column) => `worker_hash(${column}) ${ranges[shard]}`,
    async onShards(run, statements) {
      const rows = await run(
        `select number, barline.run_on_shard(${own(statements)}) as rows from ${quoteRelation(anchor)}`,
      );
      const counts = new Map(rows.map(({ number, rows: count }) => [Number(number), Number(count)]));
      return statements.map((_, shard) => counts.get(shard) ?? 0);
    },
    answersOf: (queries) => `select barline.ask_shard(${own(queries)}) as told from ${quoteRelation(anchor)}`,
  };
}

const regclass = (table: Relation) => `${literal(quoteRelation(table))}::regclass`;

type ShardRow = { first: number; last: number };

async function readShards(sql: Sql | TransactionSql): Promise<ShardRow[]> {
  return await sql<ShardRow[]>`
    select placed.shardminvalue::int as first, placed.shardmaxvalue::int as last
    from barline.shards
    inner join pg_dist_shard as placed
      on placed.shardid = get_shard_id_for_distribution_column('barline.shards'::regclass, shards.key)
    order by shards.number`;
}

async function readShardNames(run: Run, table: Relation): Promise<Relation[]> {
  const rows = await run(`
    select shardid from pg_dist_shard where logicalrelid = ${regclass(table)} order by shardminvalue::int, shardid`);
  return rows.map(({ shardid }) => {
    const identifier = `${table.identifier}_${shardid}`;
    if (identifier.length > longestName)
      throw new Error(`The shards of ${quoteRelation(table)} have names that are too long.`);
    return { schema: table.schema, identifier };
  });
}
