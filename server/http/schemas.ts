import { z } from "zod";
import { runStates, runTriggers } from "../../jobs/orchestrator/types.ts";
import "zod-openapi";
import { jobIds } from "../../jobs/pipeline.ts";

/**
 * The words that requests and answers share. Every message completes "`field` …". Requests are strict, so that a misspelt field
 * is refused by name; answers are too, so that a test sees what is sent but not described.
 */

const text = (allowed: string) => z.string({ error: allowed });

/** A whole number in a path or query, where everything is text. */
export const numberInUrl = (minimum: number, maximum: number) => {
  const allowed = `has to be a whole number from ${minimum} to ${maximum}`;
  return text(allowed)
    .regex(/^\d{1,16}$/, { error: allowed })
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, { error: allowed })
    .meta({
      override: ({ jsonSchema }) => {
        delete jsonSchema.pattern;
        Object.assign(jsonSchema, { type: "integer", minimum, maximum });
      },
    });
};

/** `true` or `false` in a query. */
export const booleanInUrl = z
  .enum(["true", "false"], { error: "has to be true or false" })
  .transform((value) => value === "true")
  .meta({
    override: ({ jsonSchema }) => {
      delete jsonSchema.enum;
      jsonSchema.type = "boolean";
    },
  });

/** How many rows a list answers. The default is told twice, as one behind a conversion does not describe itself. */
export const limitInUrl = numberInUrl(1, 1000)
  .default(50)
  .meta({ override: { default: 50 } });

const dateAllowed = "has to be a date such as 2025-01-02";
/** A calendar date that both JavaScript and PostgreSQL take. */
export const dateInput = z.iso
  .date({ error: dateAllowed })
  .refine((date) => date >= "1900-01-01" && date <= "2100-12-31", { error: dateAllowed });

export const idInUrl = numberInUrl(1, Number.MAX_SAFE_INTEGER);
export const jobInUrl = text("has to be the id of a job").meta({ example: jobIds.ingest });

const tickerAllowed = "has to be a ticker such as AAPL or BRK.B; case counts";
export const tickerInput = text(tickerAllowed)
  .regex(/^[A-Za-z0-9][A-Za-z0-9./:^+=_-]{0,31}$/, { error: tickerAllowed })
  .meta({ example: "AAPL" });

export const oneOf = <const Words extends readonly string[]>(words: Words) =>
  z.enum(words, { error: `has to be one of ${words.join(", ")}` });

const state = z.enum(runStates);
export const id = z.int().positive();
export const count = z.int().min(0);
export const instant = z.iso.datetime().meta({ example: "2025-01-03T09:30:00.000Z" });
export const date = z.iso.date();
const json = z.unknown().meta({ description: "Any JSON value." });

const errorRecord = z.strictObject({ name: z.string(), message: z.string(), advice: z.string().optional() });

export const errorAnswer = z
  .strictObject({
    error: z.strictObject({
      code: z.string().meta({ example: "invalid" }),
      message: z.string(),
      field: z.string().optional().meta({ description: "The field of the request that is wrong, where it is one." }),
      requestId: z.string(),
    }),
  })
  .meta({ id: "Error" });

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

/** How something ended, as a person says. */
export const markBody = z.strictObject({
  state: oneOf(["success", "failed"]),
  reason: z
    .string({ error: "has to be a text" })
    .meta({ description: "Kept and shown with the mark; up to 500 characters.", example: "The vendor has no data." }),
});

export const runAnswer = z.strictObject(runFields).meta({ id: "Run" });

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

export const barAnswer = z
  .strictObject({
    date,
    open: z.number(),
    high: z.number(),
    low: z.number(),
    close: z.number(),
    volume: z.number().meta({ description: "Shares; fractional." }),
    vwap: z.number().nullable(),
  })
  .meta({ id: "Bar" });

const statedBar = z
  .strictObject({
    open: z.number(),
    high: z.number(),
    low: z.number(),
    close: z.number(),
    volume: z.number(),
    vwap: z.number().nullable(),
    transactions: z.number().nullable(),
  })
  .meta({ id: "StatedBar", description: "A bar as the vendor stated it, unadjusted." });

export const restatementAnswer = z
  .strictObject({
    date,
    statedAt: z.iso.datetime().meta({ description: "When what it said before was loaded." }),
    replacedAt: z.iso.datetime().meta({ description: "When what it says since was loaded." }),
    before: statedBar,
    after: statedBar,
  })
  .meta({ id: "Restatement" });

export const tickerAnswer = z
  .strictObject({ ticker: z.string(), name: z.string(), type: z.string().nullable(), active: z.boolean() })
  .meta({ id: "Ticker" });
