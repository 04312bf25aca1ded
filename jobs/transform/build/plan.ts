import type { DataTest, Model } from "../project/types.ts";
import type { BuiltModel } from "./context.ts";
import { isPlain } from "./tests.ts";

/** The models of a test that stand somewhere: for an ephemeral one, those that it reads. */
function standingParents(models: Map<string, Model>, names: string[]): string[] {
  return names.flatMap((name) => {
    const model = models.get(name);
    return model?.config.materialized === "ephemeral" ? standingParents(models, model.dependsOn) : name;
  });
}

/** Which tests run after which model: each once all that it reads stands. Those of nothing that is built are under "". */
export function planTests(models: Model[], tests: DataTest[], chosen: Set<string>): Map<string, DataTest[]> {
  const byName = new Map(models.map((model) => [model.name, model]));
  const planned = new Map<string, DataTest[]>();
  for (const test of tests) {
    const parents = standingParents(byName, test.dependsOn);
    const after = models.filter(({ name }) => parents.includes(name) && chosen.has(name)).at(-1)?.name ?? "";
    planned.set(after, [...(planned.get(after) ?? []), test]);
  }
  return planned;
}

/** The columns that a `unique` test is about: one, or several written as a row, `(a, b)`. */
const uniqueColumns = (column: string) =>
  column
    .replace(/^\(|\)$/g, "")
    .split(",")
    .map((part) => part.trim())
    .sort()
    .join();

/** Whether a unique index stands on just those rows. */
function isProven(built: BuiltModel, { assertion, subject }: DataTest): boolean {
  if (assertion.kind !== "unique" || subject !== built.model.name) return false;
  return built.proven.some((columns) => columns.join() === uniqueColumns(assertion.column));
}

function isKeyTest({ model: { config } }: BuiltModel, { assertion }: DataTest): boolean {
  if (assertion.kind !== "unique" || config.strategy === "append") return false;
  return uniqueColumns(assertion.column) === [...config.uniqueKey].sort().join();
}

/**
 * Whether a test judges each row by itself, or by the model's key, and lets none pass: then rows that were published are known
 * to be good. Of a test of its own the project says so, by `meta: {judges_rows: true}`.
 */
function judgesRows(built: BuiltModel, test: DataTest): boolean {
  if (test.subject !== built.model.name || !isPlain(test)) return false;
  const { kind } = test.assertion;
  if (kind === "custom") return test.config.judgesRows;
  return kind === "not_null" || kind === "accepted_values" || isKeyTest(built, test);
}

export type SortedTests = {
  /** Passed without a look: a unique index proves it, or no row is new. */
  settled: DataTest[];
  /** For the rows that an incremental build is about to write. */
  ofRows: DataTest[];
  /** For the model as a whole. */
  ofWhole: DataTest[];
};

/** Sorts the tests that run after a model by what they have to look at. */
export function sortTests(built: BuiltModel | undefined, tests: DataTest[]): SortedTests {
  const sorted: SortedTests = { settled: [], ofRows: [], ofWhole: [] };
  for (const test of tests) sorted[built ? placeOf(built, test) : "ofWhole"].push(test);
  return sorted;
}

function placeOf(built: BuiltModel, test: DataTest): keyof SortedTests {
  if (isProven(built, test) && test.config.storeFailures === undefined) return "settled";
  if (!judgesRows(built, test)) return "ofWhole";
  if (built.delta) return "ofRows";
  const nothingNew = built.model.config.materialized === "incremental" && built.action === "unchanged";
  return nothingNew ? "settled" : "ofWhole";
}
