import type { Logger } from "pino";
import type { JsonValue, Sql } from "../db/client.ts";
import { countPublication } from "../db/queries/pipeline/publications.ts";
import { insertModelResults, insertTestResults, type TestResultRow } from "../db/queries/quality/transform.ts";
import type { LakeViewer } from "./lake/viewer.ts";
import { barsDataset } from "./load-job.ts";
import { PermanentError } from "./orchestrator/errors.ts";
import type { JobDefinition, PlainTaskContext, TaskResult } from "./orchestrator/types.ts";
import { jobIds } from "./pipeline.ts";
import { type BuiltAround, buildAround } from "./quarantine/build.ts";
import type { BuildOptions, SourceFreshness, Transform } from "./transform/transform.ts";

/** The dataset that transform produces: the published models, named by their fact table. */
export const martsDataset = "postgres_dwh://public/fct_polygon__stock_bars_performance";

export type TransformOptions = {
  /** A pool with a connection to spare while a build has two. */
  sql: Sql;
  transform: Transform;
  /** Finds the raw object of a row that is held back. */
  lake: Pick<LakeViewer, "findBar">;
  log: Logger;
};

/** Declares the job that builds, tests and publishes the models. */
export function createTransformJob(options: TransformOptions): JobDefinition {
  return {
    id: jobIds.transform,
    title: "Transform",
    description: "Builds the dbt models on the raw tables, tests them, and only then publishes them.",
    triggeredBy: [barsDataset],
    produces: [martsDataset],
    maxActiveRuns: 1,
    maxClaims: 1000,
    maxTries: 3,
    runsWithoutEvents: true,
    // While sessions stream in, at most a fifth of the time goes into building what the next one makes old.
    // A build of nearly all would only hold up the one of all.
    coalesce: { whileActive: [jobIds.ingest, jobIds.load], restFactor: 4, endWithinMs: 120_000 },
    tasks: [
      {
        kind: "plain",
        name: "freshness",
        description: "Compares the newest raw rows with the age that the sources allow.",
        run: (context) => freshness(options, context),
      },
      {
        kind: "plain",
        name: "build",
        description:
          "Builds the models, runs their tests and publishes, in one transaction. Of few tickers that stand in the way, what is new is held back.",
        run: (context) => build(options, context),
      },
    ],
  };
}

/** Stale data is still worth building: it is said, and does not stop the run. */
async function freshness(options: TransformOptions, context: PlainTaskContext): Promise<TaskResult> {
  const sources = await options.transform.freshness({ signal: context.signal });
  for (const source of sources) {
    const fields = { source: source.name, status: source.status, newest: source.maxLoadedAt?.toISOString() ?? null };
    if (source.status === "pass") context.log.info("the source is fresh", fields);
    else context.log.warn("the source is stale", fields);
  }
  await options.sql.begin(async (transaction) => {
    await insertTestResults(transaction, context.run.id, sources.map(freshnessResult), "freshness");
  });
  return { output: sources.map(({ name, status }) => ({ name, status })) };
}

/** The age of a source, kept as a test of it. */
function freshnessResult({ name, status, maxLoadedAt, sql, durationMs }: SourceFreshness): TestResultRow {
  const stale = status !== "pass";
  const newest = maxLoadedAt ? `The newest row is of ${maxLoadedAt.toISOString()}.` : "The source has no rows.";
  return {
    name: `freshness_${name.replace(".", "_")}`,
    kind: "freshness",
    subject: name,
    columnName: null,
    status,
    // Stale data is still built.
    severity: "warn",
    failures: stale ? 1 : 0,
    sample: null,
    message: stale ? newest : undefined,
    compiledSql: sql,
    storedIn: null,
    durationMs,
  };
}

async function build(options: TransformOptions, context: PlainTaskContext): Promise<TaskResult> {
  const built = await buildAround(options, {
    runId: context.run.id,
    log: context.log,
    optionsOf: () => roundOptions(options, context),
  });
  const { result } = built;
  // After the build's own transaction, so that the results of one that was rolled back stay too.
  await options.sql.begin(async (transaction) => {
    await insertModelResults(transaction, context.run.id, result.models);
    await insertTestResults(transaction, context.run.id, result.tests);
  });
  const summary = summarize(built);
  if (!result.published) throw unpublished(built);
  context.log.info("published", summary);
  return { output: summary, summary, events: [{ dataset: martsDataset, payload: summary }] };
}

/** One build of a run, which tells how far it is. */
function roundOptions(options: TransformOptions, context: PlainTaskContext): BuildOptions {
  const total = options.transform.project().nodes.length;
  let done = 0;
  return {
    fullRefresh: context.run.parameters.fullRefresh === true,
    signal: context.signal,
    onPublish: (session) => session.within(countPublication),
    log: options.log.child({
      job: context.run.jobId,
      run: context.run.id,
      task: context.task.id,
      try: context.task.try,
    }),
    onNode(event) {
      if (event.phase === "start") return;
      done += 1;
      context.progress(done, total, "models and tests");
      context.log.info(`${event.name}: ${event.status}`, { durationMs: Math.round(event.durationMs) });
    },
  };
}

function summarize({ result, held }: BuiltAround): Record<string, JsonValue> {
  const count = (status: string) => result.tests.filter((test) => test.status === status).length;
  const rows = result.models.reduce((sum, model) => sum + (model.rows ?? 0), 0);
  return {
    ...{ models: result.models.length, rows },
    ...{ passed: count("pass"), warned: count("warn"), failed: count("fail") },
    ...(held.length > 0 && { quarantined: held.length }),
  };
}

function unpublished({ result, refusal }: BuiltAround): PermanentError {
  const why = refusal === null ? "" : ` ${refusal}`;
  const failing = result.tests.filter((test) => test.status === "fail" || test.status === "error");
  const broken = result.models.find((model) => model.error);
  if (broken) {
    return new PermanentError(`The model ${broken.name} could not be built: ${broken.error}.${why}`, {
      advice: "The dashboard goes on showing the last good build. Correct the model's file; the next run builds it.",
    });
  }
  const names = failing.map((test) => `${test.name} (${test.failures} rows)`).join(", ");
  return new PermanentError(`Nothing was published, because tests failed: ${names}.${why}`, {
    advice: "The dashboard goes on showing the last good build. Look at the failing rows on the run's page.",
  });
}
