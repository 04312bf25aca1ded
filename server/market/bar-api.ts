import { z } from "zod";
import { isUndefinedTable } from "../../db/errors.ts";
import { type BarRow, isPublished, readAdjustedBars, readUnadjustedBars } from "../../db/queries/api/bars.ts";
import { searchTickers } from "../../db/queries/api/tickers.ts";
import { selectRestatements } from "../../db/queries/market/read-restatements.ts";
import { HttpError } from "../http/errors.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "../http/operation.ts";
import {
  barAnswer,
  booleanInUrl,
  dateInput,
  limitInUrl,
  restatementAnswer,
  tickerAnswer,
  tickerInput,
} from "../http/schemas.ts";

export const barOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/bars/{ticker}",
    summary: "Published daily bars of one ticker, oldest first",
    request: {
      path: z.strictObject({ ticker: tickerInput }),
      query: z.strictObject({
        from: dateInput.optional(),
        to: dateInput.optional(),
        adjusted: booleanInUrl.default(true).meta({
          description: "Adjusted for splits (true, the default), or as the vendor stated them.",
          override: { default: true },
        }),
      }),
    },
    answers: { 200: { description: "The bars; none where the range has none.", schema: z.array(barAnswer) } },
    handle: async ({ path: { ticker }, query: { from = null, to = null, adjusted } }, context) => {
      requireOrder(from, to);
      return answer(200, await readBars(context, { ticker, from, to, adjusted }));
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/bars/{ticker}/restatements",
    summary: "Bars of one ticker that the vendor stated anew, the newest correction first",
    request: {
      path: z.strictObject({ ticker: tickerInput }),
      query: z.strictObject({ from: dateInput.optional(), to: dateInput.optional(), limit: limitInUrl }),
    },
    answers: { 200: { description: "The corrections; mostly none.", schema: z.array(restatementAnswer) } },
    handle: async ({ path: { ticker }, query: { from = null, to = null, limit } }, { read }) => {
      requireOrder(from, to);
      const found = await selectRestatements(read, { ticker, from, to, limit });
      return answer(
        200,
        found.map(({ date, statedAt, replacedAt, before, after }) => ({
          ...{ date, before, after },
          statedAt: statedAt.toISOString(),
          replacedAt: replacedAt.toISOString(),
        })),
      );
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/tickers",
    summary: "Tickers whose symbol begins with, or whose name contains, what is searched",
    request: {
      query: z.strictObject({
        search: z
          .string()
          .max(100, { error: "has to be at most 100 characters" })
          .regex(/^\P{Cc}*$/u, { error: "has to be text without control characters" })
          .default(""),
        limit: limitInUrl,
      }),
    },
    answers: { 200: { description: "The tickers, exact symbols first.", schema: z.array(tickerAnswer) } },
    handle: async ({ query: { search, limit } }, { read }) =>
      answer(200, [...(await searchTickers(read, search.trim(), limit))]),
  }),
];

function requireOrder(from: string | null, to: string | null): void {
  if (from === null || to === null || from <= to) return;
  throw new HttpError(422, "invalid", `\`from\` (${from}) is after \`to\` (${to}).`, { field: "from" });
}

async function readBars(
  { read }: ApiContext,
  request: { ticker: string; from: string | null; to: string | null; adjusted: boolean },
): Promise<BarRow[]> {
  try {
    const bars = request.adjusted ? await readAdjustedBars(read, request) : await readUnadjustedBars(read, request);
    if (bars.length > 0 || (await isPublished(read, request.ticker))) return [...bars];
  } catch (error) {
    if (!isUndefinedTable(error)) throw error;
    throw new HttpError(404, "not_found", "Nothing is published yet: the first transform has not ended.");
  }
  throw new HttpError(404, "not_found", `No bars of ${request.ticker} are published. Tickers are case-sensitive.`, {
    field: "ticker",
  });
}
