import { z } from "zod";
import { type Quarantine, selectQuarantines } from "../../db/queries/market/read-quarantines.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "../http/operation.ts";
import { date, id, idInUrl, instant, limitInUrl, oneOf, reasonInput, tickerInput } from "../http/schemas.ts";
import { statedBar } from "../market/bar-schemas.ts";
import { findQuarantine, quarantineStates } from "./quarantine-read.ts";

const heldBar = z
  .strictObject({
    date,
    ...statedBar.shape,
    test: z.string().meta({ description: "The data test that fails or, where a statement did, its model or test." }),
    reason: z.string(),
    lakeKey: z.string().nullable().meta({ description: "The raw object that holds the row." }),
    runId: id.meta({ description: "The run of the transform that held it back." }),
    replaced: z.boolean().meta({ description: "Whether another answer has taken its place." }),
  })
  .meta({ id: "HeldBar", description: "A row that is held back, as the vendor stated it, unadjusted." });

const quarantineAnswer = z
  .strictObject({
    id,
    ticker: z.string(),
    since: instant,
    test: z.string(),
    reason: z.string(),
    state: z.enum(quarantineStates),
    runId: id,
    decidedAt: instant.nullable(),
    decidedBy: z.string().nullable().meta({ description: "Null where a later answer passed." }),
    decision: z.string().nullable().meta({ description: "Why it was released or dropped." }),
    bars: z.array(heldBar),
  })
  .meta({ id: "Quarantine" });

const decisionBody = z.strictObject({ reason: reasonInput });
const decided = { 200: { description: "The quarantine.", schema: quarantineAnswer } };

export const quarantineOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/quarantine",
    summary: "Tickers whose doubtful rows are or were held back, the newest first",
    request: {
      query: z.strictObject({
        state: oneOf(quarantineStates).optional(),
        ticker: tickerInput.optional(),
        limit: limitInUrl,
        before: idInUrl
          .optional()
          .meta({ description: "Only those with a smaller id: the last id of the page before." }),
      }),
    },
    answers: { 200: { description: "The quarantines with their rows.", schema: z.array(quarantineAnswer) } },
    handle: async ({ query: { state = null, ticker = null, before = null, limit } }, { read }) =>
      answer(200, (await selectQuarantines(read, { state, ticker, before, runId: null }, limit)).map(describe)),
  }),
  defineOperation({
    method: "post",
    path: "/api/quarantine/{id}/release",
    summary: "Believe a quarantine’s rows, and build with them",
    description: "The rows are believed whatever data tests say of them, until the vendor says something else.",
    request: { path: z.strictObject({ id: idInUrl }), body: decisionBody },
    answers: decided,
    handle: async ({ path, body }, context) => {
      await context.pipeline.quarantine.release(path.id, body.reason, context.by);
      return answer(200, await readOne(context, path.id));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/quarantine/{id}/drop",
    summary: "Leave a quarantine’s rows out for good",
    description: "The same rows are not loaded again; what differs from them is.",
    request: { path: z.strictObject({ id: idInUrl }), body: decisionBody },
    answers: decided,
    handle: async ({ path, body }, context) => {
      await context.pipeline.quarantine.drop(path.id, body.reason, context.by);
      return answer(200, await readOne(context, path.id));
    },
  }),
];

const readOne = async ({ read }: ApiContext, quarantineId: number) =>
  describe(await findQuarantine(read, quarantineId));

function describe({ since, decidedAt, bars, ...rest }: Quarantine): z.input<typeof quarantineAnswer> {
  return {
    ...rest,
    since: since.toISOString(),
    decidedAt: decidedAt?.toISOString() ?? null,
    bars: bars.map(({ session, isReplaced, ...bar }) => ({ date: session, ...bar, replaced: isReplaced })),
  };
}
