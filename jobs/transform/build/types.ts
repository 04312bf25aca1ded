import type { Severity } from "../project/types.ts";

export type ModelAction = "created" | "replaced" | "full_refresh" | "incremental" | "unchanged" | "failed" | "skipped";

/** How one model, seed or snapshot went. `rows` are those written; null for views. */
export type ModelResult = {
  name: string;
  materialization: string;
  action: ModelAction;
  rows: number | null;
  durationMs: number;
  error?: string;
};

export type TestStatus = "pass" | "warn" | "fail" | "error" | "skipped";
export type TestKind = "generic" | "singular" | "unit";

/** How one test went. `failures` counts as dbt does; `sample` holds up to 20 failing rows. */
export type TestResult = {
  name: string;
  kind: TestKind;
  subject: string;
  columnName: string | null;
  status: TestStatus;
  severity: Severity;
  failures: number;
  sample: unknown[] | null;
  message?: string;
  /** What was asked of the database; null where the test was not run, or an index proves it. */
  compiledSql: string | null;
  /** The relation that keeps the failing rows, as schema.name. */
  storedIn: string | null;
  durationMs: number;
};

/** A statement of a model or test that PostgreSQL refused, with its SQLSTATE. */
export type StatementFault = { node: string; code: string; message: string };

/**
 * What a build did. Nothing of it is to be seen in the database unless `published`; failing rows are kept either way. `fault` is
 * what ended it, where that was a statement and no failing test.
 */
export type BuildResult = { published: boolean; models: ModelResult[]; tests: TestResult[]; fault?: StatementFault };

/** An `error` test that fails, as long as its rows can be read. */
export type TestFailure = {
  name: string;
  columnName: string | null;
  failures: number;
  /** Names of the columns of the failing rows. */
  columns: string[];
  /** The different values of some of those columns, at most `limit` rows of them. */
  distinct(columns: string[], limit: number): Promise<Record<string, unknown>[]>;
};

/** `accept`: the failing rows are known and believed, so that the test only warns. */
export type FailureVerdict = "accept" | "fail";

/** Told as each model and test starts and finishes, for progress. */
export type NodeEvent =
  | { phase: "start"; kind: "model" | "test"; name: string }
  | { phase: "finish"; kind: "model" | "test"; name: string; status: ModelAction | TestStatus; durationMs: number };
