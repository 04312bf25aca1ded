import { refuse } from "../project/refusal.ts";
import { type Model, quoteIdentifier, quoteRelation, type Relation } from "../project/types.ts";
import { type ModelContext, openWork, placeOf } from "./context.ts";
import { keysRelation, partFunction, shapeRelation } from "./names.ts";
import type { Rows, Session } from "./session.ts";

/**
 * PostgreSQL never runs window functions in parallel workers, nor subqueries with a limit, as it cannot know whether their rows
 * depend on those of another worker. Where a model says that rows of one key depend on nothing but rows of that key, they do
 * not; and within a function that answers the rows of some keys, anything may run in a worker. So a build uses every core.
 */

/** What a query may have beside its own process, as the session sets it. */
const parallelWorkers = 2;

/** To ask for one key costs as much as some twenty rows; below twice that the query as it is takes less. */
const leastRowsOfKey = 40;

/**
 * Fills a table with a model's query key by key. What is sorted is one key's rows at a time, in memory, and never the table. Where
 * there are rows without a key, which no key would ask for, or few rows of each, the query is run as it is.
 */
export async function fillByKey(context: ModelContext, model: Model, sql: string): Promise<Rows> {
  const { session } = context;
  const { column, keysOf } = independence(model);
  const key = quoteIdentifier(column);
  const keys = quoteRelation(keysRelation(session.stage, model));
  const create = `create table ${quoteRelation(await openWork(context, model))} as`;
  await session.whole(`
    create table ${keys} as
    select ${key}, count(*) as key_rows from ${quoteRelation(placeOf(context, keysOf))} group by ${key} order by ${key}`);
  const [divisible] = await session.run(`
    select from ${keys} having count(*) = count(${key}) and sum(key_rows) >= ${leastRowsOfKey} * count(*)`);
  const created = divisible
    ? await fillEachKey(session, model, sql, { create, key, keys })
    : await session.whole(`${create} ${sql}`);
  await session.run(`drop table ${keys}`);
  return created;
}

async function fillEachKey(
  session: Session,
  model: Model,
  sql: string,
  { create, key, keys }: { create: string; key: string; keys: string },
): Promise<Rows> {
  const part = await createPart(session, model, sql, {
    argument: `${quoteRelation(shapeRelation(session.stage, model))}.${key}%type`,
    condition: `model.${key} = wanted`,
  });
  // The table has few pages, but each of its rows is much work.
  await session.run(`alter table ${keys} set (parallel_workers = ${parallelWorkers})`);
  await session.run(`analyze ${keys}`);
  const created = await session.run(
    `${create} select filled.* from ${keys} as keys cross join lateral ${part}(keys.${key}) as filled`,
  );
  await dropPart(session, model);
  return created;
}

/** Fills a temporary table with the rows that are new to an incremental model, each worker taking its share of the keys. */
export async function fillDelta(context: ModelContext, model: Model, sql: string, delta: Relation): Promise<Rows> {
  const { session } = context;
  const create = `create temp table ${quoteIdentifier(delta.identifier)} on commit drop as`;
  if (!model.config.independentBy) return await session.run(`${create} ${sql}`);
  await openWork(context, model);
  const part = await createPart(session, model, sql, {
    argument: "integer",
    condition: `coalesce(hashtextextended(model.${quoteIdentifier(independence(model).column)}::text, 0) & 1, 0) = wanted`,
  });
  const created = await session.run(`${create} select * from ${part}(0) union all select * from ${part}(1)`);
  await dropPart(session, model);
  return created;
}

function independence({ path, config, dependsOn }: Model): { column: string; keysOf: string } {
  const { column, keysOf } = config.independentBy ?? { column: "", keysOf: "" };
  if (dependsOn.includes(keysOf)) return { column, keysOf };
  throw refuse(path, `meta.independent_by: keys_of '${keysOf}' is no model that it reads`);
}

/** Makes the function that answers a part of the model's rows. The setting of its own keeps the planner from dissolving it. */
async function createPart(
  session: Session,
  model: Model,
  sql: string,
  { argument, condition }: { argument: string; condition: string },
): Promise<string> {
  const shape = quoteRelation(shapeRelation(session.stage, model));
  const part = quoteRelation(partFunction(model));
  await session.run(`create table ${shape} as ${sql} with no data`);
  await session.run(`
    create function ${part}(wanted ${argument}) returns setof ${shape}
    language sql stable parallel safe cost 1000000 rows 1000 set jit = off
    as ${quoteText(`select * from (\n${sql}\n) as model where ${condition}`)}`);
  return part;
}

const dropPart = (session: Session, model: Model) =>
  session.run(
    `drop function ${quoteRelation(partFunction(model))}; drop table ${quoteRelation(shapeRelation(session.stage, model))}`,
  );

/** A text in dollar quotes that it does not contain itself. */
function quoteText(text: string): string {
  let tag = "$barline$";
  while (text.includes(tag)) tag = `${tag.slice(0, -1)}_$`;
  return `${tag}${text}${tag}`;
}
