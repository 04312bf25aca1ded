import { literal, type Model, quoteIdentifier, quoteRelation, type Relation } from "../project/types.ts";
import { readColumns } from "./catalog.ts";
import { type ModelContext, openWork } from "./context.ts";
import { gatheredRelation } from "./names.ts";
import { withQueries } from "./query.ts";
import type { ShardWork } from "./shards.ts";

/** The column of what is gathered that says which shard answered; no model has one of its name. */
const answeredBy = "barline_shard";

type Filling = {
  /** The model's query, on what stands in this build. */
  sql: string;
  /** What is to be made, and filled. */
  table: Relation;
  incremental: boolean;
};

/** Makes a table of the rows that a model's query answers on the shards; of a model that lies on them a table that does so too. */
export async function fillOnShards(
  context: ModelContext,
  shards: ShardWork,
  model: Model,
  { sql, table, incremental }: Filling,
): Promise<{ count: number }> {
  const { session } = context;
  const { distribution } = shards;
  const { run } = session;
  if (model.config.distributedBy) {
    await run(`create table ${quoteRelation(table)} as ${sql} with no data`);
    await distribution.distribute(run, table, model.config.distributedBy);
    return { count: await insertOnShards(context, shards, model, { into: table, incremental, first: [] }) };
  }
  await openWork(context, model);
  const gathered = gatheredRelation(session.stage, model);
  await run(`
    create table ${quoteRelation(gathered)} as
    select ''::text collate "C" as ${answeredBy}, answered.* from (\n${sql}\n) as answered with no data`);
  const columns = (await readColumns(session, gathered)).slice(1).map(({ name }) => quoteIdentifier(name));
  await distribution.distribute(run, gathered, answeredBy);
  await insertOnShards(context, shards, model, { into: gathered, incremental, first: distribution.shardKeys });
  const rows = `select ${model.config.gatheredBy?.column === "ticker" ? "" : "distinct"} ${columns.join(", ")}`;
  const created = await run(`create table ${quoteRelation(table)} as ${rows} from ${quoteRelation(gathered)}`);
  await run(`drop table ${quoteRelation(gathered)}`);
  return created;
}

/** Fills what lies on the shards with what each of them answers. `first`: of each shard, what goes before the model's columns. */
async function insertOnShards(
  context: ModelContext,
  shards: ShardWork,
  model: Model,
  { into, incremental, first }: { into: Relation; incremental: boolean; first: readonly string[] },
): Promise<number> {
  const { session, compiler, fullRefresh } = context;
  const { distribution } = shards;
  const text = await withQueries(context, (query) => compiler.renderModel(model, { incremental, fullRefresh, query }));
  const queries = await shards.redirect(model, text);
  const targets = await distribution.shardsOf(session.run, into);
  const statements = queries.map((query, shard) => {
    const key = first[shard];
    const own = ownRows(model, (column) => distribution.owns(shard, column));
    return `
      insert into ${quoteRelation(targets[shard] ?? into)}
      select ${key === undefined ? "" : `${literal(key)}, `}answered.* from (\n${query}\n) as answered ${own}`;
  });
  const counts = await distribution.onShards(session.run, statements);
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Of which of the answered rows a shard speaks for all. */
function ownRows({ config }: Model, owns: (column: string) => string): string {
  const column = config.distributedBy ?? config.gatheredBy?.column;
  return column === "ticker" ? `where ${owns("answered.ticker")}` : "";
}
