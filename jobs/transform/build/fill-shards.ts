import { type Model, quoteRelation, type Relation } from "../project/types.ts";
import type { ModelContext } from "./context.ts";
import { withQueries } from "./query.ts";
import type { ShardWork } from "./shards.ts";

type Filling = {
  /** The model's query, on what stands in this build. */
  sql: string;
  /** What is to be made, and filled. */
  table: Relation;
  incremental: boolean;
};

/** Makes a table of the rows that a model's query answers on the shards; of a model that lies on them, a table that does so too. */
export async function fillOnShards(
  context: ModelContext,
  shards: ShardWork,
  model: Model,
  { sql, table, incremental }: Filling,
): Promise<{ count: number }> {
  const { run } = context.session;
  const { distribution } = shards;
  const into = quoteRelation(table);
  await run(`create table ${into} as ${sql} with no data`);
  if (model.config.distributedBy) await distribution.distribute(run, table, model.config.distributedBy);
  const queries = await ownQueries(context, shards, model, incremental);
  if (model.config.distributedBy) {
    const targets = await distribution.shardsOf(run, table);
    const counts = await distribution.onShards(
      run,
      queries.map((query, shard) => `insert into ${quoteRelation(targets[shard] ?? table)} ${query}`),
    );
    return { count: counts.reduce((sum, count) => sum + count, 0) };
  }
  // As JSON keeps every digit. Of a security that several shards know of, all of them say the same.
  const which = model.config.gatheredBy?.column === "ticker" ? "" : "distinct";
  return await run(`
    with answers as materialized (${distribution.answersOf(queries)})
    insert into ${into}
    select ${which} filled.*
    from answers cross join lateral jsonb_populate_record(null::${into}, answers.told) as filled`);
}

/** A model's query for each shard, of which it answers the rows that it speaks for. */
async function ownQueries(
  context: ModelContext,
  shards: ShardWork,
  model: Model,
  incremental: boolean,
): Promise<string[]> {
  const { compiler, fullRefresh } = context;
  const text = await withQueries(context, (query) => compiler.renderModel(model, { incremental, fullRefresh, query }));
  const column = model.config.distributedBy ?? model.config.gatheredBy?.column;
  return (await shards.redirect(model, text)).map((query, shard) => {
    const own = column === "ticker" ? `where ${shards.distribution.owns(shard, "answered.ticker")}` : "";
    return `select answered.* from (\n${query}\n) as answered ${own}`;
  });
}
