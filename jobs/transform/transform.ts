import type { Logger } from "pino";
import type { Sql } from "../../db/client.ts";
import type { Distribution } from "../../db/distribution/types.ts";
import { createArtifactWriter } from "./artifacts/artifacts.ts";
import { buildProject } from "./build/build.ts";
import { type FailingRows, readFailingRows } from "./build/failing-rows.ts";
import { findOutdated } from "./build/outdated.ts";
import type { BuildOptions } from "./build/progress.ts";
import type { BuildResult, NodeEvent } from "./build/types.ts";
import { checkFreshness, type SourceFreshness } from "./freshness.ts";
import type { LoadedProject } from "./project/assemble.ts";
import { createProjectLoader } from "./project/load.ts";
import { type ProjectSummary, summarize } from "./summary.ts";

export type { BuildOptions } from "./build/progress.ts";
export type {
  BuildResult,
  FailureVerdict,
  ModelResult,
  NodeEvent,
  StatementFault,
  TestFailure,
  TestResult,
} from "./build/types.ts";
export type { SourceFreshness } from "./freshness.ts";
export type { ProjectNode, ProjectSource, ProjectSummary } from "./summary.ts";

/** The dbt project, as something to look at, build and check. */
export type Transform = {
  /** Reads the project; a fault in it is a PermanentError with file, line where known, and reason. */
  project(): ProjectSummary;
  /**
   * Builds, tests and publishes in one transaction. A faulty model or a failing `error` test is in the answer; a lost connection is
   * a RetryableError, an aborted signal a CancelledError.
   */
  build(options?: BuildOptions): Promise<BuildResult>;
  /** Models that are published as an earlier project made them; none before the first publication. */
  outdated(): Promise<string[]>;
  freshness(options?: { signal?: AbortSignal }): Promise<SourceFreshness[]>;
  /** The failing rows that a test keeps by `store_failures`; null where it keeps none. */
  failingRows(testName: string, limit: number): Promise<FailingRows | null>;
};

export type TransformOptions = {
  /** A pool with at least two connections: one builds, one holds the lock that keeps other builds away. */
  sql: Sql;
  /** The folder of dbt_project.yml. */
  projectDir: string;
  /** Where dbt's manifest.json and run_results.json go after each build; nowhere where left out. */
  artifactsDir?: string | undefined;
  /** Where the large tables lie on shards; one server has them all where left out. */
  distribution?: Distribution | undefined;
  /** Over the project's `vars`. */
  variables?: Record<string, unknown>;
  /** Where models are built that name no schema; `public` where left out. */
  schema?: string;
  /** What `env_var` may read; nothing where left out. */
  environment?: Record<string, string | undefined>;
  /** Fixes the day on which splits take effect and the age of sources; without it Postgres' clock and the system's count. */
  now?: () => Date;
  /** Of a file, whether a name that is not defined is refused in it; of none where left out, as dbt has it. */
  refusesUndefined?: (path: string) => boolean;
  log: Pick<Logger, "info" | "warn">;
};

/** What the shipped project is told by: a look-up by key is another thing on shards, which its macros write so. */
export const variablesOf = (distributed: boolean): Record<string, unknown> => (distributed ? { distributed } : {});

const newYork = new Intl.DateTimeFormat("en-CA", { timeZone: "America/New_York", dateStyle: "short" });

/** Opens the dbt project in `projectDir` over a warehouse. Its files are read at each call, so that a changed model needs no restart. */
export function createTransform(options: TransformOptions): Transform {
  const { sql, projectDir, artifactsDir, now, log } = options;
  const { environment = {}, schema = "public", refusesUndefined, distribution } = options;
  const variables = { ...options.variables, ...variablesOf(distribution !== undefined) };
  const database = sql.options.database;
  const clock = { now: now ?? (() => new Date()), elapsed: () => performance.now() };
  const read = { projectDir, variables, environment, database, schema };
  const loader = createProjectLoader({ ...read, ...(now && { now }), ...(refusesUndefined && { refusesUndefined }) });
  const summaries = new WeakMap<LoadedProject, ProjectSummary>();
  const summaryOf = (loaded: LoadedProject): ProjectSummary => {
    const summary = summaries.get(loaded) ?? summarize(loaded);
    summaries.set(loaded, summary);
    return summary;
  };
  return {
    project: () => summaryOf(loader.look()),
    build: async (buildOptions = {}) => {
      const today = now && newYork.format(now());
      const loaded = loader.load();
      const context = { sql, loaded, today, log: buildOptions.log ?? log, distribution, ...clock };
      if (artifactsDir === undefined || buildOptions.rehearse) return await buildProject(context, buildOptions);
      const artifacts = createArtifactWriter({ folder: artifactsDir, database, now: () => new Date() });
      const onNode = (event: NodeEvent) => {
        artifacts.onNode(event);
        buildOptions.onNode?.(event);
      };
      const result = await buildProject(context, { ...buildOptions, onNode });
      await artifacts.write(loaded, buildOptions, result).catch((error: unknown) => {
        log.warn({ error }, "dbt's artifacts could not be written; the build itself is not touched by that");
      });
      return result;
    },
    outdated: async () => await findOutdated(sql, loader.look(), distribution),
    freshness: async ({ signal } = {}) =>
      checkFreshness({ sql, sources: loader.look().project.sources, now: now?.() ?? new Date() }, signal),
    failingRows: async (testName, limit) => {
      const test = loader.look().project.tests.find(({ name }) => name === testName);
      return test?.config.storeFailures ? await readFailingRows(sql, test.relation, limit) : null;
    },
  };
}
