import { z } from "zod";
import { type SavedScreenRow, selectSavedScreen, selectSavedScreens } from "../../db/queries/market/saved-screens.ts";
import { longestName } from "../http/names.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "../http/operation.ts";
import { id, idInUrl, instant, somethingWritten } from "../http/schemas.ts";
import { savedScreenUrl } from "./saved-screen-read.ts";
import { longestScreen, noScreen } from "./saved-screens.ts";

const name = z.string({ error: `has to be a text of 1 to ${longestName} characters` }).meta({
  description: "Up to 100 characters; no two are alike.",
  override: { pattern: somethingWritten, maxLength: longestName },
});
const query = z.string({ error: `has to be a text of at most ${longestScreen} characters` }).meta({
  description: "What stands behind the question mark of the screener's address.",
  example: "rsi_14_max=30&sort=-volume",
  override: { pattern: "^[a-z0-9_=&.-]*$", maxLength: longestScreen },
});

const screen = z
  .strictObject({
    ...{ id, name: z.string(), query: z.string() },
    url: z.string().meta({ description: "Where the screener opens it." }),
    ...{ createdAt: instant, createdBy: z.string(), updatedAt: instant },
    deletedAt: instant.nullable().meta({ description: "It is removed for good 30 days later." }),
  })
  .meta({ id: "SavedScreen" });
const path = z.strictObject({ id: idInUrl });
const isScreen = { 200: { description: "The screen.", schema: screen } };

const describe = ({ createdAt, updatedAt, deletedAt, ...row }: SavedScreenRow) => ({
  ...row,
  url: savedScreenUrl(row.query),
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
  deletedAt: deletedAt?.toISOString() ?? null,
});

async function screenOf({ read }: ApiContext, screenId: number) {
  const row = await selectSavedScreen(read, screenId);
  if (row === null) throw noScreen(screenId);
  return describe(row);
}

/** The calls about saved screens: what people look for in the screener, by name. */
export const savedScreenOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/screens",
    summary: "The saved screens, by name",
    answers: { 200: { description: "The screens.", schema: z.array(screen) } },
    handle: async (_, { read }) => answer(200, (await selectSavedScreens(read)).map(describe)),
  }),
  defineOperation({
    method: "post",
    path: "/api/screens",
    summary: "Save a screen",
    request: { body: z.strictObject({ name, query }) },
    answers: { 201: { description: "The screen.", schema: screen } },
    handle: async ({ body }, context) =>
      answer(201, await screenOf(context, await context.screens.save(body, context.by))),
  }),
  defineOperation({
    method: "patch",
    path: "/api/screens/{id}",
    summary: "Rename a saved screen, or change what it looks for",
    request: { path, body: z.strictObject({ name: name.optional(), query: query.optional() }) },
    answers: isScreen,
    handle: async ({ path: asked, body }, context) => {
      await context.screens.change(asked.id, body, context.by);
      return answer(200, await screenOf(context, asked.id));
    },
  }),
  defineOperation({
    method: "delete",
    path: "/api/screens/{id}",
    summary: "Delete a saved screen; for 30 days it can be restored",
    request: { path },
    answers: isScreen,
    handle: async ({ path: asked }, context) => {
      await context.screens.remove(asked.id, context.by);
      return answer(200, await screenOf(context, asked.id));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/screens/{id}/restore",
    summary: "Have a deleted screen back",
    description: "By another name where its own was given away since.",
    request: { path },
    answers: isScreen,
    handle: async ({ path: asked }, context) => {
      await context.screens.restore(asked.id, context.by);
      return answer(200, await screenOf(context, asked.id));
    },
  }),
];
