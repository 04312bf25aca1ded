import type { Relation } from "../quote.ts";

/** Runs a statement in a transaction of the caller's. */
export type Run = (text: string) => Promise<readonly Record<string, unknown>[]>;

/**
 * How the large tables of the warehouse lie on several shards, each with the rows of its own tickers. A shard is a number from 0 on, and
 * the rows of one ticker lie in the shard of the same number in every table.
 */
export type Distribution = {
  /** How many there are. */
  shards: number;
  /** Whether a table stands, and lies on shards. */
  isDistributed(run: Run, table: Relation): Promise<boolean>;
  /** Prepares a transaction that reads or writes shards, and touches every one of them, so that all have their snapshots from here on. */
  begin(run: Run, settings: Readonly<Record<string, string>>): Promise<void>;
  /** Lays an empty table, made in this transaction, on the shards by its column of tickers. */
  distribute(run: Run, table: Relation, column: string): Promise<void>;
  /** Lays an empty table, made in this transaction, wherever a shard is, with all of its rows. */
  replicate(run: Run, table: Relation): Promise<void>;
  /** Puts a distributed table into another schema. */
  move(run: Run, table: Relation, schema: string): Promise<void>;
  /** What a distributed table is called on each shard. */
  shardsOf(run: Run, table: Relation): Promise<Relation[]>;
  /** What a replicated table is called where the shards are. */
  replicaOf(run: Run, table: Relation): Promise<Relation>;
  /** A condition: that the ticker which `column` names is one of the shard's own. */
  owns(shard: number, column: string): string;
  /** Runs one text on each shard, in the transaction; of several statements in it, the rows of the last one are counted. Answers the counts. */
  onShards(run: Run, statements: readonly string[]): Promise<number[]>;
  /** A query whose one column, `told`, has the rows that one query on each shard answers, as JSON. */
  answersOf(queries: readonly string[]): string;
};

export const rawBars: Relation = { schema: "public", identifier: "source_polygon_stock_bars_daily" };

/** What loads work with beside the raw bars: nothing in it is missed, as what is not merged yet is staged again. */
const workTables: readonly Relation[] = [
  { schema: "barline", identifier: "staging_stock_bars" },
  { schema: "barline", identifier: "compared_bars" },
];

/** The raw tables that lie on shards, co-located. Whatever else is large is a model, and says so itself. */
export const distributedSources: readonly Relation[] = [rawBars, ...workTables];

/** Where a build keeps what shards read of small tables. */
export const sharedSchema = "barline_shared";

/** The numbers of all shards, in order. */
export const shardNumbers = ({ shards }: Pick<Distribution, "shards">): number[] =>
  Array.from({ length: shards }, (_, shard) => shard);
