import type { Sql } from "../client.ts";
import { literal, quoteIdentifier, quoteRelation, type Relation } from "../quote.ts";
import { type Distribution, distributedSources, type Run, rawBars, sharedSchema } from "./types.ts";

/**
 * A stand-in for a distributed warehouse on one server: partitions `…_0`, `…_1`, … are the shards. It tells nothing of two-phase commits,
 * of snapshots or of what a distributed planner refuses, and all of what is asked of the shards and of what their rows come to.
 */
export async function openPartitions(sql: Sql): Promise<Distribution> {
  const [{ shards } = { shards: 0 }] = await sql<{ shards: number }[]>`
    select count(*)::int as shards from pg_inherits where inhparent = 'public.source_polygon_stock_bars_daily'::regclass`;
  return {
    shards,
    ...createPartitioning(shards),
    replicate: async () => {},
    replicaOf: async (_run, table) => table,
    owns: (shard, column) =>
      `satisfies_hash_partition(${literal(quoteRelation(rawBars))}::regclass, ${shards}, ${shard}, ${column})`,
    async onShards(run, statements) {
      const counts: number[] = [];
      for (const text of statements) counts.push(countOf(await run(text)));
      return counts;
    },
    answersOf: (queries) =>
      queries.map((query) => `select to_jsonb(answered) as told from (\n${query}\n) as answered`).join(" union all "),
  };
}

/** How single tables lie on so many partitions. */
export function createPartitioning(
  shards: number,
): Pick<Distribution, "begin" | "isDistributed" | "distribute" | "move" | "shardsOf"> {
  const partsOf = ({ schema, identifier }: Relation) =>
    Array.from({ length: shards }, (_, shard) => ({ schema, identifier: `${identifier}_${shard}` }));
  return {
    async begin(run, settings) {
      for (const [name, value] of Object.entries(settings)) await run(`set local ${name} = ${literal(value)}`);
    },
    async isDistributed(run, table) {
      const [row] = await run(`
        select count(*) > 0 as lies from pg_class where relkind = 'p' and oid = to_regclass(${literal(quoteRelation(table))})`);
      return row?.lies === true;
    },
    distribute: (run, table, column) => partition(run, table, column, partsOf(table)),
    async move(run, table, schema) {
      for (const one of [...partsOf(table), table])
        await run(`alter table ${quoteRelation(one)} set schema ${quoteIdentifier(schema)}`);
    },
    shardsOf: async (_run, table) => partsOf(table),
  };
}

/** Of several statements the driver answers each, and of one its rows. */
function countOf(answer: unknown): number {
  const last = Array.isArray(answer) && !("count" in answer) ? answer.at(-1) : answer;
  return Number((last as { count?: number | null } | undefined)?.count ?? 0);
}

/** Makes an empty table a partitioned one of the same columns and indexes. */
async function partition(run: Run, table: Relation, column: string, parts: readonly Relation[]): Promise<void> {
  const shape = { schema: table.schema, identifier: `${table.identifier}_shape` };
  await run(`alter table ${quoteRelation(table)} rename to "${shape.identifier}"`);
  await run(
    `create table ${quoteRelation(table)} (like ${quoteRelation(shape)} including all) partition by hash ("${column}")`,
  );
  await run(`drop table ${quoteRelation(shape)}`);
  for (const [remainder, part] of parts.entries()) {
    await run(`
      create table ${quoteRelation(part)} partition of ${quoteRelation(table)} for values with (modulus ${parts.length}, remainder ${remainder})`);
  }
}

/** Lays the raw tables of a warehouse without bars on partitions, which stand for shards. */
export async function partitionRawTables(sql: Sql, shards: number): Promise<void> {
  await sql.begin(async (transaction) => {
    const run: Run = (text) => transaction.unsafe(text);
    await run(`create schema if not exists ${sharedSchema}`);
    // As on a distributed table: who corrects a bar keeps what it said.
    await run(`drop trigger if exists keep_restated_bars on ${quoteRelation(rawBars)}`);
    for (const table of distributedSources) await createPartitioning(shards).distribute(run, table, "ticker");
  });
}
