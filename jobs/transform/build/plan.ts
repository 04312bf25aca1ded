import type { DataTest, Model } from "../project/types.ts";
import type { BuiltModel } from "./models.ts";

/** Which tests run after which model: each once all that it reads stands. Those of sources alone are under "". */
export function planTests(
  models: Model[],
  tests: DataTest[],
  chosen: Set<string>,
  all: boolean,
): Map<string, DataTest[]> {
  const planned = new Map<string, DataTest[]>();
  for (const test of tests) {
    const last = models.filter(({ name }) => test.dependsOn.includes(name) && chosen.has(name)).at(-1);
    if (!last && !all) continue;
    const after = last?.config.materialized === "ephemeral" ? "" : (last?.name ?? "");
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

function isKeyTest({ model }: BuiltModel, { assertion }: DataTest): boolean {
  return assertion.kind === "unique" && uniqueColumns(assertion.column) === [...model.config.uniqueKey].sort().join();
}

/** Whether a test judges each row by itself, or by the model's key. */
function judgesRows(built: BuiltModel, test: DataTest): boolean {
  if (test.subject !== built.model.name) return false;
  const { kind } = test.assertion;
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
  if (isProven(built, test)) return "settled";
  if (!judgesRows(built, test)) return "ofWhole";
  if (built.delta) return "ofRows";
  const nothingNew = built.model.config.materialized === "incremental" && built.action === "unchanged";
  return nothingNew ? "settled" : "ofWhole";
}
