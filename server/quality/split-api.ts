import { z } from "zod";
import { type ListedSplit, selectListedSplits } from "../../db/queries/market/splits.ts";
import { HttpError } from "../http/errors.ts";
import { answer, defineOperation, type Operation } from "../http/operation.ts";
import { booleanInUrl, date, dateInput, instant, limitInUrl, reasonInput, tickerInput } from "../http/schemas.ts";

const price = z.number().nullable();

const splitAnswer = z
  .strictObject({
    ticker: z.string(),
    date: date.meta({ description: "First session at the new share count." }),
    from: z.number().meta({ description: "Shares before." }),
    to: z.number().meta({ description: "Shares after." }),
    type: z.string().nullable().meta({ description: "The vendor's word for it.", example: "forward_split" }),
    setAside: z.enum(["type", "ratio", "prices", "hand"]).nullable().meta({
      description:
        "Why it does not count: it contradicts its type, its ratio is beyond 1 for 10,000, the prices deny it, or somebody said so. Null: it counts.",
    }),
    closeBefore: price.meta({ description: "The last close before its day, unadjusted." }),
    openAfter: price.meta({ description: "The first open from its day on, unadjusted." }),
    decision: z
      .strictObject({ counts: z.boolean(), by: z.string(), reason: z.string(), at: instant })
      .nullable()
      .meta({ description: "What somebody decided; it stands until the vendor states another ratio or type." }),
    changedAt: instant.meta({ description: "When what counts of it last changed." }),
  })
  .meta({ id: "Split" });

export const splitOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/splits",
    summary: "Stock splits, and whether each counts; what waits for a decision first, then the newest",
    request: {
      query: z.strictObject({
        ticker: tickerInput.optional(),
        setAside: booleanInUrl
          .optional()
          .meta({ description: "Only those that are set aside, or only those that count." }),
        limit: limitInUrl,
      }),
    },
    answers: { 200: { description: "The splits that the vendor lists.", schema: z.array(splitAnswer) } },
    handle: async ({ query: { ticker, setAside, limit } }, { read }) => {
      const filter = { ticker: ticker ?? null, doubted: false, setAside: setAside ?? null };
      return answer(200, (await selectListedSplits(read, filter, limit)).map(describeSplit));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/splits/{ticker}/{date}/decision",
    summary: "Say whether a split counts",
    description:
      "Where that changes what counts, the ticker's whole history is built again; GET /api/status tells when that is done.",
    request: {
      path: z.strictObject({ ticker: tickerInput, date: dateInput }),
      body: z.strictObject({
        counts: z.boolean({ error: "has to be true or false" }),
        reason: reasonInput,
      }),
    },
    answers: { 200: { description: "The split.", schema: splitAnswer } },
    handle: async ({ path: { ticker, date: day }, body }, { pipeline, read, by }) => {
      await pipeline.decideSplit({ ticker, date: day, ...body }, by);
      const splits = await selectListedSplits(read, { ticker, doubted: true, setAside: null }, 1000);
      const decided = splits.find((split) => split.date === day);
      if (!decided) throw new HttpError(404, "not_found", `The split of ${ticker} on ${day} is gone.`);
      return answer(200, describeSplit(decided));
    },
  }),
];

function describeSplit(split: ListedSplit): z.input<typeof splitAnswer> {
  const { ticker, date: day, splitFrom, splitTo, adjustmentType, setAside, closeBefore, openAfter } = split;
  const { decision, decidedBy, decidedWhy, decidedAt } = split;
  return {
    ...{ ticker, date: day, from: splitFrom, to: splitTo, type: adjustmentType, setAside, closeBefore, openAfter },
    decision: decision && {
      counts: decision === "counts",
      by: decidedBy ?? "",
      reason: decidedWhy ?? "",
      at: (decidedAt ?? split.changedAt).toISOString(),
    },
    changedAt: split.changedAt.toISOString(),
  };
}
