import { type Context, Hono } from "hono";
import type { PublishedLoginsView } from "../../views/operations/published-logins.tsx";
import type { AppContext } from "../context.ts";
import { requireAdmin } from "../http/access.ts";
import { accessOf, actorOf, fieldErrors, fieldOf, idOf, statusOf } from "../http/request.ts";

type Shown = Partial<Pick<PublishedLoginsView, "made" | "draft" | "error">>;

/** The logins as the page shows them; null for who may not let anybody in. */
export async function readLogins(
  { publishedLogins, now }: AppContext,
  c: Context,
  shown: Shown = {},
): Promise<PublishedLoginsView | null> {
  if (accessOf(c) !== "admin") return null;
  return { now: now(), logins: await publishedLogins.list(), made: null, draft: "", error: null, ...shown };
}

type Page = (c: Context, shown: Shown) => Promise<string | Promise<string>>;

/** Makes a login and shows it with the answer to this very form: no address would show it again. */
async function create(context: AppContext, c: Context, page: Page): Promise<Response> {
  requireAdmin(accessOf(c));
  const draft = fieldOf(await c.req.parseBody(), "name");
  try {
    const made = await context.publishedLogins.create(draft, actorOf(c));
    // Compressed beside what was sent, the answer's length would tell of the password.
    c.header("Cache-Control", "no-store, no-transform");
    return c.html(await page(c, { made }), 201);
  } catch (error) {
    const { name, form } = fieldErrors(error, ["name"]);
    return c.html(await page(c, { draft, error: name ?? form ?? null }), statusOf(error));
  }
}

async function revoke(context: AppContext, c: Context, page: Page): Promise<Response> {
  requireAdmin(accessOf(c));
  try {
    await context.publishedLogins.revoke(idOf(c, "login"), actorOf(c));
  } catch (error) {
    if (statusOf(error) !== 409) throw error;
    return c.html(await page(c, { error: fieldErrors(error, []).form ?? null }), 409);
  }
  return c.redirect("/about#logins", 303);
}

/** The forms of the logins on `/about`; `page` makes it whole. */
export function createPublishedLoginRoutes(context: AppContext, page: Page): Hono {
  const routes = new Hono();
  routes.post("/about/logins", (c) => create(context, c, page));
  routes.post("/about/logins/:id/revoke", (c) => revoke(context, c, page));
  return routes;
}
