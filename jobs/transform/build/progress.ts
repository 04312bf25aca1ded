import type { Logger } from "pino";
import type { Sql, TransactionSql } from "../../../db/client.ts";
import type { Distribution } from "../../../db/distribution/types.ts";
import type { LoadedProject } from "../project/assemble.ts";
import type { BuiltModel, ModelContext } from "./context.ts";
import type { BesideOptions, Session } from "./session.ts";
import type { StoredFailures } from "./stored.ts";
import type { BuildResult, FailureVerdict, NodeEvent, TestFailure } from "./types.ts";

export type BuildOptions = {
  fullRefresh?: boolean;
  /** What dbt's `--select` takes; everything where it is left out. */
  select?: string[];
  exclude?: string[];
  signal?: AbortSignal;
  onNode?(event: NodeEvent): void;
  /** Asked of each failing `error` test before the build ends for it. */
  onTestFailure?(failure: TestFailure): Promise<FailureVerdict>;
  /** Changes the database for this build alone: it shows how a build of that would end, and is undone with all that it makes. */
  rehearse?(transaction: TransactionSql): Promise<void>;
  /** Done in the transaction that publishes, once all stands under its own name. */
  onPublish?(session: Session, built: readonly BuiltModel[], results: BuildResult): Promise<void>;
  /** Takes what is said of this build, with whose it is; the project's own log where left out. */
  log?: BuildContext["log"];
};

export type BuildContext = {
  sql: Sql;
  loaded: LoadedProject;
  today: string | undefined;
  log: Pick<Logger, "info" | "warn">;
  now(): Date;
  /** Milliseconds of a clock that only goes forward. */
  elapsed(): number;
  /** Where the large tables lie on shards. */
  distribution?: Distribution | undefined;
  /** Of a build that goes on beside the market's. */
  beside?: BesideOptions;
};

/** A build under way: what is planned, and what became of it so far. */
export type Progress = {
  context: BuildContext;
  options: BuildOptions;
  session: Session;
  models: ModelContext;
  results: BuildResult;
  /** Failing rows that tests store. */
  stored: StoredFailures[];
};
