import { z } from "zod";
import { mostRunsAtOnce, runChanges, runStates, runTriggers } from "../../jobs/orchestrator/types.ts";
import { count, date, id, instant, oneOf, reasonInput } from "../http/schemas.ts";

/** What the API says of jobs, runs, tasks and their logs. */

const state = z.enum(runStates);

const json = z.unknown().meta({ description: "Any JSON value." });

const errorRecord = z.strictObject({ name: z.string(), message: z.string(), advice: z.string().optional() });

export const jobAnswer = z
  .strictObject({
    id: z.string(),
    paused: z.boolean(),
    queued: count,
    running: count,
    failed: count.meta({
      description: "Failed runs that nothing has made good: no retry, no later run of the session or the job.",
    }),
    lastSuccess: instant.nullable(),
  })
  .meta({ id: "Job" });

export const statusAnswer = z
  .strictObject({
    source: z.enum(["demo", "polygon"]),
    idle: z.boolean().meta({ description: "Nothing is queued or running, and no event is unclaimed." }),
    jobs: z.array(jobAnswer),
    warehouse: z
      .strictObject({ bars: count, tickers: count, firstDate: date.nullable(), lastDate: date.nullable() })
      .meta({ description: "What is published. Exact when idle; while work goes on it may be one count behind." }),
  })
  .meta({ id: "Status" });

const runFields = {
  id,
  job: z.string(),
  state,
  trigger: z.enum(runTriggers),
  session: date.nullable().meta({ description: "The session, or the first one of a range." }),
  sessionTo: date.nullable().meta({ description: "The last session of the range." }),
  backfillId: id.nullable(),
  parameters: json,
  summary: json,
  error: errorRecord.nullable(),
  createdAt: instant,
  startedAt: instant.nullable(),
  finishedAt: instant.nullable(),
};

export const runAnswer = z.strictObject(runFields).meta({ id: "Run" });

/** How something ended, as a person says. */
export const markBody = z.strictObject({
  state: oneOf(["success", "failed"]),
  reason: reasonInput,
});

export const runsChangeBody = z.strictObject({
  change: oneOf(runChanges).meta({ description: "`success` and `failed` mark the runs, which takes a reason." }),
  runs: z
    .array(z.int({ error: "has to be a list of ids" }).positive({ error: "has to be a list of ids" }), {
      error: "has to be a list of ids",
    })
    .min(1, { error: "has to name a run" })
    .max(mostRunsAtOnce, { error: `has to name ${mostRunsAtOnce} runs at the most` }),
  reason: reasonInput.optional(),
  dryRun: z.boolean({ error: "has to be true or false" }).default(false),
});

export const runsChangedAnswer = z
  .strictObject({ changed: z.array(id), refused: z.array(z.strictObject({ id, message: z.string() })) })
  .meta({ id: "RunsChanged" });

const tryAnswer = z.strictObject({
  number: id,
  state: z.enum(["running", "success", "failed", "retry", "cancelled", "lost", "released"]),
  owner: z.string(),
  error: errorRecord.nullable(),
  startedAt: instant,
  finishedAt: instant.nullable(),
});

const taskFields = {
  id,
  name: z.string(),
  step: count,
  batch: count.meta({ description: "Number of the batch in a mapped task; 0 in a plain one." }),
  state: z.enum([...runStates, "cleared"]).meta({
    description: "cleared: it waits for an earlier task that is to run again.",
  }),
  marked: z.boolean().meta({ description: "A person said how it ended; it has no output then." }),
  progress: z.strictObject({ done: z.number(), total: z.number().nullable(), unit: z.string().nullable() }).nullable(),
  error: errorRecord.nullable(),
  startedAt: instant.nullable(),
  finishedAt: instant.nullable(),
  tries: z.array(tryAnswer),
};

const taskAnswer = z.strictObject(taskFields).meta({ id: "Task" });

export const taskDetailAnswer = z
  .strictObject({
    ...taskFields,
    runId: id,
    job: z.string(),
    input: json,
    output: json,
  })
  .meta({ id: "TaskDetail" });

const eventFields = { id, dataset: z.string(), runId: id, payload: json, createdAt: instant };

export const runDetailAnswer = z
  .strictObject({
    ...runFields,
    tasks: z.array(taskAnswer),
    claimedEvents: z.array(z.strictObject({ ...eventFields, claimedAt: instant })),
    producedEvents: z.array(
      z.strictObject({ ...eventFields, claims: z.array(z.strictObject({ job: z.string(), runId: id })) }),
    ),
  })
  .meta({ id: "RunDetail" });

export const logAnswer = z
  .strictObject({
    lines: z.array(
      z.strictObject({
        id,
        taskId: id,
        task: z.string(),
        batch: count,
        try: id,
        at: instant,
        level: z.enum(["debug", "info", "warn", "error"]),
        message: z.string(),
        fields: json,
      }),
    ),
    last: count.meta({ description: "What to give as `after` to go on: the id of the last line, or what was given." }),
    complete: z.boolean().meta({ description: "The run is over and these are its last lines." }),
  })
  .meta({ id: "Log" });
