import { type Context, Hono } from "hono";
import { RequestError } from "../../jobs/orchestrator/types.ts";
import { savedScreensPage } from "../../views/market/saved-screens.tsx";
import type { AppContext } from "../context.ts";
import { actorOf, fieldOf, idOf, numberIn, statusOf } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { readSavedScreens, savedScreenUrl } from "./saved-screen-read.ts";

async function show(
  context: AppContext,
  c: Context,
  problem: { message: string; name: string; query: string | null; id: number | null } | null = null,
  status: 200 | 409 | 422 = 200,
): Promise<Response> {
  c.header("Cache-Control", "no-store");
  const said = { undo: numberIn(c, "deleted"), problem };
  const [shell, list] = await Promise.all([readShell(context, c), readSavedScreens(context, said)]);
  return c.html(savedScreensPage({ shell, list }), status);
}

/** Keeps the screen of a form by its name; a name that cannot be taken is asked for again. */
async function save(context: AppContext, c: Context): Promise<Response> {
  const form = await c.req.parseBody();
  const [name, query] = [fieldOf(form, "name"), fieldOf(form, "query")];
  try {
    await context.screens.save({ name, query }, actorOf(c));
    return c.redirect(savedScreenUrl(query), 303);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return await show(context, c, { message: error.message, name, query, id: null }, statusOf(error));
  }
}

async function rename(context: AppContext, c: Context): Promise<Response> {
  const id = idOf(c, "saved screen");
  const name = fieldOf(await c.req.parseBody(), "name");
  try {
    await context.screens.change(id, { name }, actorOf(c));
    return c.redirect("/screens", 303);
  } catch (error) {
    if (!(error instanceof RequestError) || error.code === "not_found") throw error;
    return await show(context, c, { message: error.message, name, query: null, id }, statusOf(error));
  }
}

/** `/screens`: what people look for in the screener, by name. */
export function createSavedScreenRoutes(context: AppContext): Hono {
  const { screens } = context;
  const routes = new Hono();
  routes.get("/screens", (c) => show(context, c));
  routes.post("/screens", (c) => save(context, c));
  routes.post("/screens/:id/name", (c) => rename(context, c));
  routes.post("/screens/:id/delete", async (c) => {
    const id = idOf(c, "saved screen");
    await screens.remove(id, actorOf(c));
    return c.redirect(`/screens?deleted=${id}`, 303);
  });
  routes.post("/screens/:id/restore", async (c) => {
    await screens.restore(idOf(c, "saved screen"), actorOf(c));
    return c.redirect("/screens", 303);
  });
  return routes;
}
