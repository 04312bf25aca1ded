import type { Logger } from "pino";
import type { Sql } from "../../db/client.ts";
import { countActiveRuns } from "../../db/queries/pipeline/runs.ts";
import type { JobDefinition } from "../orchestrator/types.ts";
import { jobIds } from "../pipeline.ts";
import { createWorkspaceJob } from "./job.ts";
import { createModelWatch, type ModelWatch } from "./model-watch.ts";
import { createWorkspaceReader, type WorkspaceView } from "./view.ts";
import type { Later } from "./watch.ts";

export type WorkspaceOptions = {
  folder: string;
  /** Milliseconds that each model and test may take. */
  modelLimitMs: number;
  /** Connections that publications of the market may end: three. */
  pool: Sql;
  /** By the clock where it is left out. */
  later?: Later;
};

type OpenOptions = {
  pools: { state: Sql; work: Sql };
  log: Logger;
  now(): Date;
  /** The shipped project's folder, and what `env_var` may read. */
  projectDir: string;
  environment: Record<string, string>;
  /** Nobody has models of their own where it is left out. */
  workspace: WorkspaceOptions | undefined;
  /** The dataset whose events say that the market was published. */
  publications: string;
  createRun(parameters: { changedFiles: true }): Promise<void>;
};

/** The people's own models: the job that builds them, what pages read of them, and what has changes built. */
export function openWorkspace(options: OpenOptions): {
  job: JobDefinition;
  read(): Promise<WorkspaceView>;
  watch: ModelWatch;
} {
  const { pools, log, now, projectDir, environment, publications, workspace } = options;
  const folder = workspace?.folder ?? nowhere;
  const reading = {
    ...{ projectDir, folder, variables: {}, environment, now, refusesUndefined: () => true },
    database: pools.work.options.database,
  };
  const builder = {
    ...{ sql: workspace?.pool ?? pools.work, state: pools.work, log, now, reading },
    limitMs: workspace?.modelLimitMs ?? 0,
  };
  return {
    job: createWorkspaceJob({ sql: pools.work, builder, publications }),
    read: createWorkspaceReader({ sql: pools.state, reading }),
    watch: createModelWatch({
      ...{ sql: pools.state, log, folder },
      ...(workspace?.later && { later: workspace.later }),
      async ask() {
        // A run that waits reads what is there once it begins; of one at work nobody knows.
        const active = await countActiveRuns(pools.state);
        if (active.some(({ jobId, queued }) => jobId === jobIds.workspace && queued > 0)) return;
        await options.createRun({ changedFiles: true });
      },
    }),
  };
}

/** A folder that is not there has no models. */
const nowhere = "/nonexistent/barline-workspace";
