import type { JsonValue, Sql } from "../../db/client.ts";
import { insertModelResults, insertTestResults } from "../../db/queries/quality/transform.ts";
import { hasWorkspace } from "../../db/queries/quality/workspace.ts";
import type { JobDefinition, PlainTaskContext, TaskResult } from "../orchestrator/types.ts";
import { jobIds } from "../pipeline.ts";
import { lookAtFolder } from "./folder.ts";
import { runWorkspace, type WorkspaceBuilder, type WorkspaceRunResult } from "./run.ts";
import { resultsOf } from "./state.ts";

export type WorkspaceJobOptions = {
  builder: WorkspaceBuilder;
  sql: Sql;
  /** The dataset whose events say that the market was published. */
  publications: string;
};

/** Declares the job that builds the people's own models on what is published. */
export function createWorkspaceJob(options: WorkspaceJobOptions): JobDefinition {
  const { folder } = options.builder.reading;
  return {
    id: jobIds.workspace,
    title: "Workspace",
    description: "Builds your own models on the published ones, each connected group by itself.",
    triggeredBy: [options.publications],
    maxActiveRuns: 1,
    maxClaims: 1000,
    maxTries: 3,
    runsWithoutEvents: true,
    // Most have no models of their own.
    isWanted: async () => lookAtFolder(folder).hasNodes || (await hasWorkspace(options.sql)),
    // As the transform, while sessions stream in.
    coalesce: { whileActive: [jobIds.ingest, jobIds.load, jobIds.transform], restFactor: 4, endWithinMs: 30_000 },
    tasks: [
      {
        kind: "plain",
        name: "build",
        description:
          "Builds, tests and publishes each group in a transaction of its own. What is wrong with one keeps no other.",
        run: (context) => build(options, context),
      },
    ],
  };
}

async function build({ builder, sql }: WorkspaceJobOptions, context: PlainTaskContext): Promise<TaskResult> {
  const { parameters, id } = context.run;
  const events = await context.claimedEvents();
  let done = 0;
  const result = await runWorkspace(builder, {
    runId: id,
    onlyChanged: parameters.changedFiles === true && events.length === 0,
    fullRefresh: parameters.fullRefresh === true,
    signal: context.signal,
    log: context.log,
    onNode(event, total) {
      if (event.phase === "start") return;
      done += 1;
      context.progress(Math.min(done, total), total, "models and tests");
    },
  });
  const { models, tests } = resultsOf(result.groups.map(({ outcome }) => outcome));
  await sql.begin(async (transaction) => {
    await insertModelResults(transaction, id, models);
    await insertTestResults(transaction, id, tests);
  });
  const summary = summarize(result);
  return { output: summary, summary };
}

function summarize({ groups, unchanged, dropped }: WorkspaceRunResult): Record<string, JsonValue> {
  const count = (...states: string[]) => groups.filter(({ outcome }) => states.includes(outcome.state)).length;
  return {
    ...{ groups: groups.length + unchanged, published: count("published") },
    ...{ failed: count("failed", "timed_out", "refused"), waiting: count("waiting") },
    ...(unchanged > 0 && { unchanged }),
    ...(dropped.length > 0 && { dropped: dropped.length }),
  };
}
