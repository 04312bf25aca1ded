import type { ChangedBar } from "../../db/queries/market/read-changed-bars.ts";
import type { ListedSplit } from "../../db/queries/market/splits.ts";
import type { LatestTest, ModelBuild, TestRun } from "../../db/queries/quality/read-quality.ts";

/** A data test as lists show it: how it went last, and in the runs before. */
export type TestRow = Omit<LatestTest, "durationMs" | "runId" | "finishedAt"> & {
  durationMs: number | null;
  runId: number | null;
  /** Of each run of the list, the oldest first; null where the run did not have it. */
  history: (string | null)[];
};

export type SubjectTests = { subject: string; kind: "model" | "source" | "gone"; tests: TestRow[] };

/** How old a source's newest row is, against what its YAML allows. */
export type FreshnessRow = {
  name: string;
  newest: Date | null;
  ageMs: number | null;
  warnAfterMs: number | null;
  errorAfterMs: number | null;
  status: "pass" | "warn" | "error";
};

export type TestFilter = { status: string; subject: string; kind: string };

export type TestCounts = { all: number; passed: number; warned: number; failed: number; skipped: number; idle: number };

export type QualityView = {
  now: Date;
  counts: TestCounts;
  /** What the filter leaves, by model and source in the project's order. */
  groups: SubjectTests[];
  filter: TestFilter;
  choices: { subjects: string[]; kinds: string[] };
  /** The runs of the history, the oldest first. */
  runs: number[];
  freshness: FreshnessRow[];
  /** Those that are set aside, or that somebody decided on. */
  splits: ListedSplit[];
  /** What the vendor stated anew or took back last. */
  changed: ChangedBar[];
  /** Why the dbt project could not be read. */
  projectProblem: string | null;
};

/** One test: what it says of which rows, how it went, and what it found. */
export type TestPageView = {
  name: string;
  kind: string;
  subject: string;
  subjectHref: string;
  column: string | null;
  severity: string;
  /** A sentence; null of a test that is no longer in the project. */
  asserts: string | null;
  where: string | null;
  path: string | null;
  rawSql: string | null;
  sql: string | null;
  /** Whether `sql` is what the run asked, rather than the project as it stands. */
  isSqlOfRun: boolean;
  latest: TestRun | null;
  history: TestRun[];
  failure: FailureView | null;
  /** Whether what is published can be asked for the rows that it finds. */
  canLook: boolean;
};

/** Rows that a test finds, as a table. */
export type RowsView = {
  columns: string[];
  rows: { ticker: string | null; session: string | null; values: string[] }[];
};

/** Rows that made a test fail. */
export type FailureView = RowsView & {
  runId: number;
  finishedAt: Date;
  failures: number;
  message: string | null;
  storedIn: string | null;
};

/** What a test finds in the published tables now, a page at a time. */
export type FoundRowsView = RowsView & {
  name: string;
  subject: string;
  asserts: string | null;
  total: number;
  /** Place of the first row shown, from 0 on. */
  from: number;
  newer: string | null;
  older: string | null;
  csvUrl: string;
};

export type NodeLink = { name: string; href: string; kind: "model" | "source" };

/** A column, and where what is in it comes from. */
export type ColumnView = {
  name: string;
  description: string;
  tests: { name: string; status: string }[];
  /** Columns of the same name right upstream; empty where it is calculated here. */
  from: NodeLink[];
};

export type NodePageView = {
  now: Date;
  name: string;
  kind: "model" | "source";
  /** Of one of the people's own: its group in the workspace, and what is wrong with it. */
  own: { group: string; fault: { message: string; file: string | null; line: number | null } | null } | null;
  materialization: string | null;
  description: string;
  path: string;
  columns: ColumnView[];
  /** Tests of the whole model, not of a described column. */
  otherTests: { name: string; status: string }[];
  upstream: NodeLink[];
  downstream: NodeLink[];
  /** The sources that all of it comes from. */
  origins: NodeLink[];
  rows: { count: number; isEstimate: boolean } | null;
  rawSql: string | null;
  compiledSql: string | null;
  freshness: FreshnessRow | null;
  builds: ModelBuild[];
};
