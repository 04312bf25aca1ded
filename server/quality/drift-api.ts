import { z } from "zod";
import { type DriftCheckRow, selectDriftChecks } from "../../db/queries/quality/drift.ts";
import type { DriftExample, DriftModel } from "../../jobs/drift/types.ts";
import { answer, defineOperation, type Operation } from "../http/operation.ts";
import { count, id, instant, limitInUrl, tickerInput } from "../http/schemas.ts";
import { driftState } from "./drift-state.ts";

/** A check of so many tickers still takes seconds on ten years of bars. */
const mostTickers = 200;
const tickersAllowed = `has to be a list of 1 to ${mostTickers} tickers`;
const sampleAllowed = `has to be a whole number from 1 to ${mostTickers}`;

const checkAnswer = z
  .strictObject({
    id,
    trigger: z.enum(["schedule", "manual"]),
    state: z.enum(["running", "equal", "different", "failed"]),
    tickers: z.array(z.string()).meta({ description: "Those that were drawn; none of them waited for a build." }),
    rows: count.meta({ description: "Rows compared." }),
    differences: count.meta({ description: "Rows of them that differ in a column, or are on one side only." }),
    models: z.array(
      z.strictObject({
        name: z.string(),
        rows: count,
        differences: count,
        skipped: z.string().nullable().meta({ description: "Why the model was not compared." }),
      }),
    ),
    example: z
      .strictObject({
        model: z.string(),
        key: z.record(z.string(), z.unknown()),
        column: z.string().nullable().meta({ description: "Null where a side lacks the whole row." }),
        published: z.unknown(),
        recomputed: z.unknown(),
      })
      .nullable()
      .meta({ description: "The first value that differs." }),
    error: z.string().nullable().meta({ description: "Why nothing could be compared." }),
    startedAt: instant,
    finishedAt: instant.nullable(),
  })
  .meta({ id: "DriftCheck" });

const checkInput = z.strictObject({
  tickers: z
    .array(tickerInput, { error: tickersAllowed })
    .min(1, { error: tickersAllowed })
    .max(mostTickers, { error: tickersAllowed })
    .optional()
    .meta({ description: "Instead of a sample." }),
  sample: z
    .int({ error: sampleAllowed })
    .min(1, { error: sampleAllowed })
    .max(mostTickers, { error: sampleAllowed })
    .optional()
    .meta({ description: "How many tickers to draw; 20 where left out. One day always draws the same." }),
});

export const driftOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/drift",
    summary: "Checks of published rows against recomputed ones, the newest first",
    request: { query: z.strictObject({ limit: limitInUrl }) },
    answers: { 200: { description: "The checks.", schema: z.strictObject({ checks: z.array(checkAnswer) }) } },
    handle: async ({ query: { limit } }, context) => {
      const rows = await selectDriftChecks(context.read, limit);
      return answer(200, { checks: rows.map(describeCheck) });
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/drift",
    summary: "Recompute some tickers now, and compare them with what is published",
    description: "It waits for a build that is under way. GET /api/drift tells what it found.",
    request: { body: checkInput },
    answers: { 201: { description: "The check that began.", schema: checkAnswer } },
    handle: async ({ body: { tickers, sample } }, context) => {
      const asked = { ...(tickers && { tickers }), ...(sample !== undefined && { sample }) };
      const begun = await context.drift.begin(asked, context.by);
      const row = (await selectDriftChecks(context.read, 10)).find((candidate) => candidate.id === begun);
      if (!row) throw new Error(`The drift check ${begun} left no record.`);
      return answer(201, describeCheck(row));
    },
  }),
];

function describeCheck(row: DriftCheckRow): z.input<typeof checkAnswer> {
  const { trigger, models, example, startedAt, finishedAt, ...rest } = row;
  return {
    ...rest,
    trigger: trigger === "manual" ? "manual" : "schedule",
    state: driftState(row),
    models: models as unknown as DriftModel[],
    example: example as DriftExample | null,
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
  };
}
