import { type Context, Hono } from "hono";
import { RequestError } from "../../jobs/orchestrator/types.ts";
import { Star } from "../../views/market/star.tsx";
import type { WatchlistView } from "../../views/market/watchlist-types.ts";
import { watchlistsPage } from "../../views/market/watchlists.tsx";
import type { AppContext } from "../context.ts";
import { safeNextPath } from "../http/next-path.ts";
import { actorOf, fieldOf, idOf, numberIn, statusOf, wantsFragment } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { readWatchlistView, type Said } from "./watchlist-read.ts";

type FormName = NonNullable<WatchlistView["problem"]>["form"];

async function show(
  context: AppContext,
  c: Context,
  id: number | null,
  said: Said = {},
  status: 200 | 409 | 422 = 200,
): Promise<Response> {
  c.header("Cache-Control", "no-store");
  const taken = c.req.query("taken");
  const asked = { deleted: numberIn(c, "deleted"), ...(taken !== undefined && { taken }), ...said };
  const [shell, view] = await Promise.all([readShell(context, c), readWatchlistView(context, id, asked)]);
  return c.html(watchlistsPage({ shell, view }), status);
}

/** Does what a form asks and leads on; a refusal is told at the form, with what was typed into `field`. */
async function change(
  context: AppContext,
  c: Context,
  { form, field, isNew = false }: { form: FormName; field: string; isNew?: boolean },
  deed: (fields: Record<string, unknown>, id: number) => Promise<string>,
): Promise<Response> {
  const fields = await c.req.parseBody();
  const id = isNew ? 0 : idOf(c, "watchlist");
  try {
    return c.redirect(await deed(fields, id), 303);
  } catch (error) {
    if (!(error instanceof RequestError) || error.code === "not_found") throw error;
    const problem = { form, message: error.message, typed: fieldOf(fields, field) };
    return await show(context, c, isNew ? null : id, { problem }, statusOf(error));
  }
}

/** The star: the button alone where a script asks, else the page that it stands on. */
async function star(context: AppContext, c: Context): Promise<Response> {
  const fields = await c.req.parseBody();
  const ticker = fieldOf(fields, "ticker");
  const { isStarred } = await context.watchlists.star(ticker, actorOf(c));
  if (wantsFragment(c, `star-${ticker}`)) return c.html(<Star ticker={ticker} isStarred={isStarred} />);
  return c.redirect(safeNextPath(fieldOf(fields, "next")), 303);
}

const wholeNumber = (text: string) => (/^\d{1,6}$/.test(text) ? Number(text) : 1);

/** `/watchlists`: lists of tickers by name, and the star that every ticker has. */
export function createWatchlistRoutes(context: AppContext): Hono {
  const { watchlists } = context;
  const routes = new Hono();
  const ofList = { form: "list", field: "ticker" } as const;
  routes.get("/watchlists", (c) => show(context, c, null));
  routes.post("/watchlists", (c) =>
    change(context, c, { form: "create", field: "name", isNew: true }, async (fields) => {
      return `/watchlists/${await watchlists.create(fieldOf(fields, "name"), actorOf(c))}`;
    }),
  );
  routes.post("/watchlists/star", (c) => star(context, c));
  routes.get("/watchlists/:id", (c) => show(context, c, idOf(c, "watchlist")));
  routes.post("/watchlists/:id/add", (c) =>
    change(context, c, { form: "add", field: "ticker" }, async (fields, id) => {
      await watchlists.add(id, fieldOf(fields, "ticker"), undefined, actorOf(c));
      return `/watchlists/${id}`;
    }),
  );
  routes.post("/watchlists/:id/take", (c) =>
    change(context, c, ofList, async (fields, id) => {
      const ticker = fieldOf(fields, "ticker");
      await watchlists.take(id, ticker, actorOf(c));
      return `/watchlists/${id}?${new URLSearchParams({ taken: ticker })}`;
    }),
  );
  routes.post("/watchlists/:id/note", (c) =>
    change(context, c, ofList, async (fields, id) => {
      await watchlists.change(id, fieldOf(fields, "ticker"), { note: fieldOf(fields, "note") }, actorOf(c));
      return `/watchlists/${id}`;
    }),
  );
  routes.post("/watchlists/:id/place", (c) =>
    change(context, c, ofList, async (fields, id) => {
      const place = wholeNumber(fieldOf(fields, "place"));
      await watchlists.change(id, fieldOf(fields, "ticker"), { place }, actorOf(c));
      return `/watchlists/${id}`;
    }),
  );
  addListRoutes(routes, context);
  return routes;
}

/** What is done to a list as a whole. */
function addListRoutes(routes: Hono, context: AppContext): void {
  const { watchlists } = context;
  const ofList = { form: "list", field: "" } as const;
  routes.post("/watchlists/:id/name", (c) =>
    change(context, c, { form: "rename", field: "name" }, async (fields, id) => {
      await watchlists.rename(id, fieldOf(fields, "name"), actorOf(c));
      return `/watchlists/${id}`;
    }),
  );
  routes.post("/watchlists/:id/first", (c) =>
    change(context, c, ofList, async (_, id) => {
      await watchlists.placeFirst(id, actorOf(c));
      return `/watchlists/${id}`;
    }),
  );
  routes.post("/watchlists/:id/delete", (c) =>
    change(context, c, ofList, async (_, id) => {
      await watchlists.remove(id, actorOf(c));
      return `/watchlists?deleted=${id}`;
    }),
  );
  routes.post("/watchlists/:id/restore", (c) =>
    change(context, c, ofList, async (_, id) => {
      await watchlists.restore(id, actorOf(c));
      return `/watchlists/${id}`;
    }),
  );
}
