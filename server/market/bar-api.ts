import { z } from "zod";
import { isUndefinedTable } from "../../db/errors.ts";
import {
  type BarRange,
  type BarRow,
  selectAdjustedBars,
  selectBarDates,
  selectUnadjustedBars,
} from "../../db/queries/market/read-bars.ts";
import { selectQuarantined } from "../../db/queries/market/read-quarantines.ts";
import { selectRestatements } from "../../db/queries/market/read-restatements.ts";
import { type Holder, selectSecurityId } from "../../db/queries/market/read-securities.ts";
import { selectTickers } from "../../db/queries/market/read-tickers.ts";
import { selectWithdrawn, type WithdrawnBar } from "../../db/queries/market/read-withdrawn.ts";
import { HttpError } from "../http/errors.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "../http/operation.ts";
import { booleanInUrl, dateInput, limitInUrl, textInUrl, tickerInput } from "../http/schemas.ts";
import { barAnswer, restatementAnswer, tickerAnswer, toQuarantined, withdrawnAnswer } from "./bar-schemas.ts";
import { readRowsTable, refuseUnready } from "./rows-read.ts";
import { barSource } from "./rows-source.ts";

const label = z.literal("exact").optional().meta({
  description:
    "exact: the bars under this very ticker, whoever held it. Left out: those of the security that holds it, or held it last, under whatever ticker.",
});

const changesQuery = z.strictObject({
  from: dateInput.optional(),
  to: dateInput.optional(),
  label,
  limit: limitInUrl,
});

export const barOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/bars/{ticker}",
    summary: "Published daily bars of the security that holds a ticker, oldest first",
    request: {
      path: z.strictObject({ ticker: tickerInput }),
      query: z.strictObject({
        from: dateInput.optional(),
        to: dateInput.optional(),
        adjusted: booleanInUrl.default(true).meta({
          description: "Adjusted for splits (true, the default), or as the vendor stated them.",
          override: { default: true },
        }),
        label,
      }),
    },
    answers: { 200: { description: "The bars; none where the range has none.", schema: z.array(barAnswer) } },
    published: ({ query }) => ({ rawBars: !query.adjusted }),
    table: async ({ path: { ticker }, query }, context) => {
      await refuseUnready(context, query);
      return await readRowsTable(
        context,
        { tickers: [ticker], ...query },
        barSource(context, query.adjusted),
        "ticker",
      );
    },
    handle: async ({ path: { ticker }, query: { from = null, to = null, adjusted, label } }, context) => {
      requireOrder(from, to);
      const holder = await holderOf(context, ticker, label);
      return answer(200, await readBars(context, { ...holder, from, to, adjusted }));
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/bars/{ticker}/restatements",
    summary: "Bars of the security that holds a ticker that the vendor stated anew, the newest correction first",
    request: { path: z.strictObject({ ticker: tickerInput }), query: changesQuery },
    answers: { 200: { description: "The corrections; mostly none.", schema: z.array(restatementAnswer) } },
    handle: async ({ path: { ticker }, query: { from = null, to = null, label, limit } }, context) => {
      requireOrder(from, to);
      const holder = await holderOf(context, ticker, label);
      const found = await selectRestatements(context.read, { ...holder, from, to, limit });
      return answer(
        200,
        found.map(({ ticker, date, statedAt, replacedAt, before, after, statedKey, replacedKey }) => ({
          ...{ ticker, date, before, after },
          statedAt: statedAt.toISOString(),
          replacedAt: replacedAt.toISOString(),
          ...((statedKey ?? replacedKey) !== null && { files: { before: statedKey, after: replacedKey } }),
        })),
      );
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/bars/{ticker}/withdrawn",
    summary: "Bars of the security that holds a ticker that the vendor took back, the newest first",
    request: { path: z.strictObject({ ticker: tickerInput }), query: changesQuery },
    answers: {
      200: { description: "The bars, those too that came back; mostly none.", schema: z.array(withdrawnAnswer) },
    },
    handle: async ({ path: { ticker }, query: { from = null, to = null, label, limit } }, context) => {
      requireOrder(from, to);
      const holder = await holderOf(context, ticker, label);
      return answer(200, (await selectWithdrawn(context.read, { ...holder, from, to, limit })).map(toWithdrawn));
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/tickers",
    summary: "Tickers whose symbol or name contains what is searched",
    request: {
      query: z.strictObject({
        search: textInUrl(0, 100, "has to be at most 100 characters, and none that control")
          .default("")
          .meta({ override: { default: "" } }),
        limit: limitInUrl,
      }),
    },
    answers: { 200: { description: "The tickers, exact symbols first.", schema: z.array(tickerAnswer) } },
    handle: async ({ query: { search, limit } }, { read }) => {
      const found = await selectTickers(read, { query: search.trim(), type: null }, 0, limit);
      const held = await selectQuarantined(
        read,
        found.map(({ ticker }) => ticker),
      );
      return answer(
        200,
        found.map(({ ticker, name, type, active }) => ({
          ...{ ticker, name, type, active },
          quarantined: toQuarantined(held.get(ticker)),
        })),
      );
    },
  }),
];

/** Whose bars are asked for by a ticker. */
const holderOf = async ({ read }: ApiContext, ticker: string, label: "exact" | undefined): Promise<Holder> => ({
  ticker,
  security: label === "exact" ? null : await selectSecurityId(read, ticker),
});

function requireOrder(from: string | null, to: string | null): void {
  if (from === null || to === null || from <= to) return;
  throw new HttpError(422, "invalid", `\`from\` (${from}) is after \`to\` (${to}).`, { field: "from" });
}

const toBar = ({ date, ticker, open, high, low, close, volume, vwap }: BarRow): z.input<typeof barAnswer> => ({
  ...{ date, ticker, open, high, low, close, volume, vwap },
});

const toWithdrawn = (found: WithdrawnBar): z.input<typeof withdrawnAnswer> => ({
  ...{ ticker: found.ticker, date: found.date, bar: found.bar },
  statedAt: found.statedAt.toISOString(),
  withdrawnAt: found.withdrawnAt.toISOString(),
  returnedAt: found.returnedAt?.toISOString() ?? null,
  files: { stated: found.statedKey, lacking: [found.doubtedKey, found.withdrawnKey] },
});

async function readBars(
  { read }: ApiContext,
  request: BarRange & { adjusted: boolean },
): Promise<z.input<typeof barAnswer>[]> {
  try {
    const bars = request.adjusted ? await selectAdjustedBars(read, request) : await selectUnadjustedBars(read, request);
    if (bars.length > 0 || (await selectBarDates(read, request)).firstDate !== null) return bars.map(toBar);
  } catch (error) {
    if (!isUndefinedTable(error)) throw error;
    throw new HttpError(404, "not_found", "Nothing is published yet: the first transform has not ended.");
  }
  throw new HttpError(404, "not_found", `No bars of ${request.ticker} are published. Tickers are case-sensitive.`, {
    field: "ticker",
  });
}
