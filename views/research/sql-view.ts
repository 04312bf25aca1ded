import type { BacktestChart } from "./backtest-data.ts";

/** What was typed, and what is to be known to send it again. */
export type SqlForm = {
  text: string;
  /** What a running statement is cancelled by. */
  key: string;
  /** The saved query that it came from. */
  saved: { id: number; name: string } | null;
  name: string;
  nameProblem: string | null;
};

/** A faulty statement: its lines up to the fault, and what is wrong there. */
export type SqlProblem = {
  message: string;
  hint: string | null;
  place: { line: number; column: number; before: string; at: string; after: string } | null;
};

type SqlColumn = { name: string; type: string; isNumber: boolean };

export type SqlRows = {
  columns: SqlColumn[];
  /** The first of them. */
  shown: (string | null)[][];
  rows: number;
  cut: "rows" | "size" | null;
  hasCutValues: boolean;
  durationMs: number;
  chart: BacktestChart | null;
  /** Why there is no chart of it, where one might be looked for. */
  chartNote: string | null;
};

export type SqlResult =
  | { kind: "rows"; rows: SqlRows }
  | { kind: "plan"; lines: string[]; durationMs: number }
  | { kind: "problem"; problem: SqlProblem };

export type SqlRun = {
  id: number;
  text: string;
  purpose: "rows" | "csv" | "plan" | "analyze";
  state: "running" | "success" | "failed" | "cancelled" | "lost";
  startedAt: Date;
  durationMs: number | null;
  rows: number | null;
  isCut: boolean;
  error: string | null;
  actor: string;
};

export type SqlRelation = {
  schema: string;
  name: string;
  kind: "table" | "view";
  description: string;
  columns: { name: string; type: string; description: string }[];
};

type SavedQuery = { id: number; name: string; createdBy: string; updatedAt: Date };

/** What is told of the limits, and they are. */
export type SqlLimits = { seconds: number; rows: number; csvRows: number; atOnce: number };

export type SqlPageView = {
  form: SqlForm;
  result: SqlResult | null;
  history: SqlRun[];
  saved: SavedQuery[];
  deleted: { id: number; name: string }[];
  undo: { id: number; name: string } | null;
  /** What went wrong with a saved query. */
  problem: string | null;
  relations: SqlRelation[];
  /** Why nothing can be run, and the statements that change that; who may not change anything is not shown them. */
  missing: { reason: string; statements: string[] } | null;
  limits: SqlLimits;
};
