import { z } from "zod";
import { runStates } from "../../jobs/orchestrator/types.ts";
import "zod-openapi";
import { count, date, dateInput, id, instant, oneOf, tickerInput } from "../http/schemas.ts";

/** What requests and answers about backfills have in common. */

const reprocessKinds = ["missing", "failed", "all", "recheck"] as const;
const strategies = ["auto", "grouped", "per_ticker"] as const;
const orders = ["oldest", "newest"] as const;
const strategy = z.enum(["grouped", "per_ticker"]);

const flag = z.boolean({ error: "has to be true or false" });
const placesAllowed = "has to be a whole number from 1";
const places = z.int({ error: placesAllowed }).min(1, { error: placesAllowed });

/** The body that asks for a backfill, or for its plan. */
export const backfillInput = z.strictObject({
  from: dateInput.meta({ description: "First date, inclusive." }),
  to: dateInput.meta({ description: "Last date, inclusive." }),
  reprocess: oneOf(reprocessKinds).default("missing").meta({
    description: "recheck: what succeeded is fetched again, and only what the vendor has changed is touched.",
  }),
  strategy: oneOf(strategies).default("auto"),
  tickers: z
    .array(tickerInput, { error: "has to be a list of tickers" })
    .min(1, { error: "has to be a list of at least one ticker" })
    .max(20_000, { error: "has to be a list of at most 20000 tickers" })
    .optional()
    .meta({ description: "Only these tickers; the configured universe where left out." }),
  concurrency: places.optional().meta({
    description: "Runs of it at a time; as many as the job allows where left out.",
  }),
  order: oneOf(orders).default("oldest").meta({ description: "Which sessions go first." }),
  dryRun: flag
    .default(false)
    .meta({ description: "Only plan: what would run and why, what is skipped and why, and the calls." }),
});

const allowed = "has to name what to change: paused, concurrency or order";

/** The body that changes how a backfill goes on. */
export const backfillChange = z
  .strictObject({
    paused: flag.optional(),
    concurrency: places
      .nullable()
      .optional()
      .meta({ description: "Runs of it at a time; null: as many as the job allows." }),
    order: oneOf(orders).optional(),
  })
  .refine((change) => Object.keys(change).length > 0, { error: allowed, path: ["body"] })
  .meta({ override: { minProperties: 1 } });

/** `state` in the query of the list. */
export const backfillStateInUrl = oneOf(runStates);

const dated = z.strictObject({ date, reason: z.string() });

const backfillPlan = z
  .strictObject({
    strategy,
    calls: count,
    sessions: count,
    skipped: z.array(dated),
    minutes: count.meta({ description: "At the plan's rate limit; 0 where there is none." }),
    alternative: z.strictObject({ strategy, calls: count }).nullable(),
    dates: z.array(date),
    reasons: z
      .array(dated)
      .optional()
      .meta({ description: "Why each of these sessions is run; absent in plans made before it was kept." }),
  })
  .meta({ id: "BackfillPlan" });

export const backfillCreated = z
  .strictObject({
    id: id.nullable().meta({ description: "null in a dry run." }),
    runs: count,
    plan: backfillPlan,
  })
  .meta({ id: "BackfillCreated" });

const backfillFields = {
  id,
  job: z.string(),
  state: z.enum(runStates),
  paused: z.boolean().meta({ description: "What is under way of it ends, and nothing more of it begins." }),
  from: date,
  to: date,
  reprocess: z.enum(reprocessKinds),
  concurrency: z.int().positive().nullable().meta({ description: "null: as many runs as the job allows." }),
  order: z.enum(orders),
  runs: z.strictObject({ queued: count, running: count, success: count, failed: count, cancelled: count }),
  createdBy: z.string().nullable(),
  createdAt: instant,
  finishedAt: instant.nullable(),
};

/** A backfill of the list; its plan in short. */
export const listedBackfill = z
  .strictObject({
    ...backfillFields,
    plan: z.strictObject({ strategy: strategy.nullable(), calls: count.nullable(), sessions: count.nullable() }),
  })
  .meta({ id: "ListedBackfill" });

const rate = z.number().nullable();

/** One backfill, with its whole plan and how fast it goes. */
export const backfillAnswer = z
  .strictObject({
    ...backfillFields,
    plan: backfillPlan,
    progress: z.strictObject({
      unit: z.enum(["session", "batch"]).meta({ description: "Batches where one run covers all sessions." }),
      done: count,
      total: count,
      perMinute: rate.meta({ description: "Over the last five minutes; null where it stands still." }),
      callsPerMinute: rate,
      secondsLeft: count.nullable().meta({ description: "About, at that rate." }),
    }),
  })
  .meta({ id: "Backfill" });

export const backfillSessions = z.array(
  z
    .strictObject({
      date,
      state: z.enum([...runStates, "skipped", "closed"]).meta({ description: "closed: the exchanges were." }),
      runId: id.nullable().meta({ description: "The run of it, or the one that is why it is skipped." }),
      reason: z.string().nullable().meta({ description: "Why it is run, or skipped." }),
    })
    .meta({ id: "BackfillSession" }),
);
