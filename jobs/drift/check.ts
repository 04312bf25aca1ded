import type { JsonValue, TransactionSql } from "../../db/client.ts";
import {
  type Comparison,
  compareModel,
  copyOfTickers,
  type DriftSample,
  drawTickers,
  hasTickerColumn,
  keepTickers,
  recomputeTable,
  recomputeView,
  selectFingerprints,
} from "../../db/queries/quality/drift.ts";
import type { LoadedProject } from "../transform/project/assemble.ts";
import { withAncestors } from "../transform/project/graph.ts";
import type { Model, Relation } from "../transform/project/types.ts";
import type { DriftExample, DriftResult } from "./types.ts";

/** Temporary tables of this transaction, named after what they stand for. */
const temporary = (name: string) => ({ schema: "pg_temp", identifier: name });

/** Materializations that a query of the raw tables makes; what a seed or snapshot holds is in the database alone. */
const recomputable: readonly string[] = ["view", "table", "incremental"];

/**
 * Draws tickers, makes the incremental models anew from copies of those tickers' raw rows, by the models' own full queries, and
 * compares every column with what is published. The caller keeps builds away meanwhile, and rolls the transaction back.
 */
export async function checkDrift(
  transaction: TransactionSql,
  { project, compiler }: LoadedProject,
  sample: DriftSample,
): Promise<DriftResult> {
  const incremental = project.models.filter(({ config }) => config.materialized === "incremental");
  const skipped = await findSkipped(transaction, incremental, (model) => compiler.fingerprint(model));
  const checked = incremental.filter(({ name }) => !skipped.has(name));
  const drawn = checked.length > 0 ? await drawTickers(transaction, sample) : [];
  const tickers = drawn.length > 0 ? await keepTickers(transaction, drawn) : [];
  const result: DriftResult = { tickers, rows: 0, differences: 0, models: [], example: null };
  for (const [name, reason] of skipped) result.models.push({ name, rows: 0, differences: 0, skipped: reason });
  if (tickers.length === 0) return result;
  await recompute(transaction, { project, compiler }, checked);
  for (const model of checked) {
    const { name, config } = model;
    const comparison = await compareModel(transaction, name, config.uniqueKey);
    const { rows, differences } = comparison;
    result.models.push({ name, rows, differences, skipped: null });
    result.rows += rows;
    result.differences += differences;
    if (differences > 0) result.example ??= exampleOf(model, comparison);
  }
  return result;
}

/** Why models cannot be compared ticker by ticker, or not now. */
async function findSkipped(
  transaction: TransactionSql,
  models: Model[],
  fingerprintOf: (model: Model) => string,
): Promise<Map<string, string>> {
  const names = models.map(({ name }) => name);
  const standing = new Map(
    (await selectFingerprints(transaction, names)).map(({ name, fingerprint }) => [name, fingerprint]),
  );
  const reasons = models.flatMap((model): [string, string][] => {
    const { name, config } = model;
    if (!config.uniqueKey.some((column) => column === "ticker" || column === "security_id"))
      return [[name, "its key has neither ticker nor security"]];
    if (!standing.has(name)) return [[name, "it is not published"]];
    if (standing.get(name) !== fingerprintOf(model)) return [[name, "it has changed since it was built"]];
    return [];
  });
  return new Map(reasons);
}

async function recompute(
  transaction: TransactionSql,
  { project, compiler }: Pick<LoadedProject, "project" | "compiler">,
  wanted: Model[],
): Promise<void> {
  const needed = withAncestors(
    project.models,
    wanted.map(({ name }) => name),
  );
  const copies = new Map<string, Relation>();
  for (const { name, relation } of project.sources) {
    if (!needed.has(name) || !(await hasTickerColumn(transaction, relation))) continue;
    await copyOfTickers(transaction, relation, relation.identifier);
    copies.set(name, temporary(relation.identifier));
  }
  const made = new Set<string>();
  for (const model of project.models) {
    if (!needed.has(model.name) || !recomputable.includes(model.config.materialized)) continue;
    const query = compiler.render(model.path, model.text, {
      relationOf: (name) => (made.has(name) ? temporary(name) : copies.get(name)),
      self: temporary(model.name),
    });
    if (model.config.materialized === "view") await recomputeView(transaction, model.name, query);
    else await recomputeTable(transaction, model.name, query, indexesOf(model));
    made.add(model.name);
  }
}

const indexesOf = ({ config }: Model) => config.indexes.map(({ columns }) => columns);

function exampleOf({ name, config }: Model, { published, recomputed }: Comparison): DriftExample {
  const row = published ?? recomputed ?? {};
  const key = Object.fromEntries(config.uniqueKey.map((column) => [column, row[column] ?? null]));
  if (!published || !recomputed) return { model: name, key, column: null, published, recomputed };
  const differs = (a: JsonValue | undefined, b: JsonValue | undefined) => JSON.stringify(a) !== JSON.stringify(b);
  const columns = [...new Set([...Object.keys(published), ...Object.keys(recomputed)])];
  const column = columns.find((one) => differs(published[one], recomputed[one])) ?? null;
  const valueIn = (side: Record<string, JsonValue>) => (column === null ? null : (side[column] ?? null));
  return { model: name, key, column, published: valueIn(published), recomputed: valueIn(recomputed) };
}
