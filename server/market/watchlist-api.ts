import { z } from "zod";
import { selectWatchlist, selectWatchlists, type WatchlistRow } from "../../db/queries/market/watchlists.ts";
import { longestName } from "../http/names.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "../http/operation.ts";
import { count, id, idInUrl, instant, somethingWritten, tickerInput } from "../http/schemas.ts";
import { readWatchlist } from "./watchlist-read.ts";
import { longestNote, noWatchlist } from "./watchlists.ts";

const name = z.string({ error: `has to be a text of 1 to ${longestName} characters` }).meta({
  description: "Up to 100 characters; no two are alike.",
  override: { pattern: somethingWritten, maxLength: longestName },
});
const note = z
  .string({ error: `has to be a text of at most ${longestNote} characters` })
  .meta({ override: { maxLength: longestNote } });
const placeAllowed = "has to be a whole number from 1 to 500";
const place = z
  .int({ error: placeAllowed })
  .min(1, { error: placeAllowed })
  .max(500, { error: placeAllowed })
  .meta({ description: "1 is the first." });

const fields = { id, name: z.string(), tickers: count, createdAt: instant, createdBy: z.string() };
const listed = z.strictObject({ ...fields, deletedAt: instant.nullable() }).meta({ id: "Watchlist" });
const whole = z
  .strictObject({
    ...fields,
    entries: z.array(
      z.strictObject({
        ticker: z.string().meta({ description: "The label that its security has now." }),
        addedAs: z.string().meta({ description: "The label by which it was put on the list." }),
        securityId: z.string().nullable(),
        name: z.string().nullable(),
        note: z.string(),
        addedAt: instant,
      }),
    ),
  })
  .meta({ id: "WholeWatchlist" });

const path = z.strictObject({ id: idInUrl });
const entryPath = z.strictObject({ id: idInUrl, ticker: tickerInput });
const isWhole = { 200: { description: "The watchlist.", schema: whole } };

const describe = ({ id: own, name: called, tickers, createdAt, createdBy }: WatchlistRow) => ({
  ...{ id: own, name: called, tickers, createdBy },
  createdAt: createdAt.toISOString(),
});

const describeListed = (row: WatchlistRow) => ({ ...describe(row), deletedAt: row.deletedAt?.toISOString() ?? null });

async function wholeOf(context: ApiContext, watchlist: number) {
  const { rows, ...row } = await readWatchlist(context, watchlist);
  return { ...describe(row), entries: rows.map((entry) => ({ ...entry, addedAt: entry.addedAt.toISOString() })) };
}

/** The calls about lists as wholes. */
const listOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/watchlists",
    summary: "The watchlists, in their order",
    answers: { 200: { description: "The watchlists.", schema: z.array(listed) } },
    handle: async (_, { read }) => answer(200, (await selectWatchlists(read)).map(describeListed)),
  }),
  defineOperation({
    method: "post",
    path: "/api/watchlists",
    summary: "Make a watchlist",
    request: { body: z.strictObject({ name }) },
    answers: { 201: { description: "The watchlist, empty.", schema: whole } },
    handle: async ({ body }, context) =>
      answer(201, await wholeOf(context, await context.watchlists.create(body.name, context.by))),
  }),
  defineOperation({
    method: "get",
    path: "/api/watchlists/{id}",
    summary: "One watchlist, with its tickers",
    request: { path },
    answers: isWhole,
    handle: async ({ path: asked }, context) => answer(200, await wholeOf(context, asked.id)),
  }),
  defineOperation({
    method: "patch",
    path: "/api/watchlists/{id}",
    summary: "Rename a watchlist",
    request: { path, body: z.strictObject({ name }) },
    answers: isWhole,
    handle: async ({ path: asked, body }, context) => {
      await context.watchlists.rename(asked.id, body.name, context.by);
      return answer(200, await wholeOf(context, asked.id));
    },
  }),
  defineOperation({
    method: "delete",
    path: "/api/watchlists/{id}",
    summary: "Delete a watchlist; for 30 days it can be restored",
    request: { path },
    answers: { 200: { description: "The watchlist, deleted.", schema: listed } },
    handle: async ({ path: asked }, context) => {
      await context.watchlists.remove(asked.id, context.by);
      const row = await selectWatchlist(context.read, asked.id);
      if (row === null) throw noWatchlist(asked.id);
      return answer(200, describeListed(row));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/watchlists/{id}/restore",
    summary: "Have a deleted watchlist back",
    description: "By another name where its own was given away since.",
    request: { path },
    answers: isWhole,
    handle: async ({ path: asked }, context) => {
      await context.watchlists.restore(asked.id, context.by);
      return answer(200, await wholeOf(context, asked.id));
    },
  }),
];

/** The calls about watchlists: lists of tickers that are kept by name. */
export const watchlistOperations: Operation[] = [
  ...listOperations,
  defineOperation({
    method: "post",
    path: "/api/watchlists/{id}/tickers",
    summary: "Put a ticker on a watchlist, or back on it",
    description: "Its security is put there, where one is known: after a rename it goes on under its new label.",
    request: { path, body: z.strictObject({ ticker: tickerInput, note: note.optional() }) },
    answers: isWhole,
    handle: async ({ path: asked, body }, context) => {
      await context.watchlists.add(asked.id, body.ticker, body.note, context.by);
      return answer(200, await wholeOf(context, asked.id));
    },
  }),
  defineOperation({
    method: "patch",
    path: "/api/watchlists/{id}/tickers/{ticker}",
    summary: "Change a ticker's note, or its place on a watchlist",
    request: { path: entryPath, body: z.strictObject({ note: note.optional(), place: place.optional() }) },
    answers: isWhole,
    handle: async ({ path: asked, body }, context) => {
      await context.watchlists.change(asked.id, asked.ticker, body, context.by);
      return answer(200, await wholeOf(context, asked.id));
    },
  }),
  defineOperation({
    method: "delete",
    path: "/api/watchlists/{id}/tickers/{ticker}",
    summary: "Take a ticker off a watchlist",
    description: "Put on it again, it has its note and its place back.",
    request: { path: entryPath },
    answers: isWhole,
    handle: async ({ path: asked }, context) => {
      await context.watchlists.take(asked.id, asked.ticker, context.by);
      return answer(200, await wholeOf(context, asked.id));
    },
  }),
];
