import { refuse } from "../project/refusal.ts";
import { literal, type MicrobatchConfig, type Model, quoteIdentifier, quoteRelation } from "../project/types.ts";
import { type BuiltModel, compileModel, type ModelContext, openWork } from "./context.ts";
import { writeRows } from "./incremental.ts";
import { deltaRelation } from "./names.ts";
import { alignSchema } from "./schema-change.ts";
import { indexTable } from "./tables.ts";

type Batch = { from: Date; to: Date };
type Size = MicrobatchConfig["batchSize"];

/** The beginning, in UTC, of the period that is so many after the one a moment lies in. */
function periodStart(at: Date, size: Size, offset = 0): Date {
  const [year, month, day, hour] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), at.getUTCHours()];
  switch (size) {
    case "hour":
      return new Date(Date.UTC(year, month, day, hour + offset));
    case "day":
      return new Date(Date.UTC(year, month, day + offset));
    case "month":
      return new Date(Date.UTC(year, month + offset, 1));
    case "year":
      return new Date(Date.UTC(year + offset, 0, 1));
  }
}

/** The periods that a build is about: all since the beginning, or the present one and those before it that are looked at again. */
export function batchesOf({ batchSize, begin, lookback }: MicrobatchConfig, now: Date, incremental: boolean): Batch[] {
  const present = periodStart(now, batchSize);
  const straddles = present.getTime() === now.getTime();
  const end = straddles ? present : periodStart(now, batchSize, 1);
  const first = incremental
    ? periodStart(now, batchSize, -(lookback + (straddles ? 1 : 0)))
    : periodStart(begin, batchSize);
  const batches: Batch[] = [];
  for (let from = first; batches.length === 0 || from < end; from = periodStart(from, batchSize, 1)) {
    batches.push({ from, to: periodStart(from, batchSize, 1) });
  }
  return batches;
}

const moment = (at: Date) => literal(at.toISOString().replace("T", " ").replace(".000Z", "+00:00"));

/** A model's query for one period: what it reads, and has a time of its own, is read for that period alone. */
function compileBatch(context: ModelContext, model: Model, { from, to }: Batch, incremental: boolean): Promise<string> {
  const replace = (name: string): string | undefined => {
    const column = context.eventTimes.get(name);
    const relation = context.compiler.relationOf(name);
    if (column === undefined || !relation) return undefined;
    const alias = quoteIdentifier(`_dbt_et_filter_subq_${relation.identifier}`.slice(0, 63));
    return `(select * from ${quoteRelation(relation)} where ${column} >= ${moment(from)} and ${column} < ${moment(to)}) as ${alias}`;
  };
  return compileModel(context, model, incremental, { replace });
}

/** Builds a model period by period, each merged into those before. Readers see nothing of it before the commit. */
export async function buildBatches(
  context: ModelContext,
  model: Model,
  plan: { fingerprint: string; incremental: boolean; reason: string | undefined },
): Promise<BuiltModel> {
  const { session } = context;
  const { fingerprint, incremental, reason } = plan;
  const config = model.config.microbatch;
  if (!config) throw refuse(model.path, "is no microbatch model");
  const batches = batchesOf(config, context.now(), incremental);
  const relation = incremental ? model.relation : await openWork(context, model);
  let rows = 0;
  for (const [index, batch] of batches.entries()) {
    const exists = incremental || index > 0;
    const sql = await compileBatch(context, model, batch, exists);
    if (!exists) {
      rows += (await session.whole(`create table ${quoteRelation(relation)} as ${sql}`)).count;
      continue;
    }
    const delta = deltaRelation(model);
    const created = await session.run(
      `create temp table ${quoteIdentifier(delta.identifier)} on commit drop as ${sql}`,
    );
    const columns = await alignSchema(session, { ...model, relation }, delta);
    await writeRows(session, { ...model, relation }, delta, columns);
    await session.run(`drop table ${quoteRelation(delta)}`);
    rows += created.count;
  }
  const common = { model, rows, fingerprint, relation, delta: undefined, reason };
  if (incremental) return { ...common, action: rows > 0 ? "incremental" : "unchanged", proven: [] };
  const proven = await indexTable(session, model, relation);
  return { ...common, action: context.standing.has(model.name) ? "full_refresh" : "created", proven };
}
