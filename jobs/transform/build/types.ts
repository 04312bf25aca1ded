import type { Severity } from "../project/types.ts";

export type ModelAction = "created" | "replaced" | "full_refresh" | "incremental" | "unchanged" | "failed" | "skipped";

/** How one model went. `rows` are those written; null for views. */
export type ModelResult = {
  name: string;
  materialization: string;
  action: ModelAction;
  rows: number | null;
  durationMs: number;
  error?: string;
};

export type TestStatus = "pass" | "warn" | "fail" | "error" | "skipped";

/** How one data test went. `failures` counts rows as dbt does; `sample` holds up to 20 of them. */
export type TestResult = {
  name: string;
  subject: string;
  status: TestStatus;
  severity: Severity;
  failures: number;
  sample: unknown[] | null;
  message?: string;
  durationMs: number;
};

/** What a build did. Nothing of it is to be seen in the database unless `published`. */
export type BuildResult = { published: boolean; models: ModelResult[]; tests: TestResult[] };

/** Told as each model and test starts and finishes, for progress. */
export type NodeEvent =
  | { phase: "start"; kind: "model" | "test"; name: string }
  | { phase: "finish"; kind: "model" | "test"; name: string; status: ModelAction | TestStatus; durationMs: number };
