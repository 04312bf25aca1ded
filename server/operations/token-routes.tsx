import { type Context, Hono } from "hono";
import { RequestError } from "../../jobs/orchestrator/types.ts";
import type { TokensView } from "../../views/operations/tokens.tsx";
import type { AppContext } from "../context.ts";
import { requireAdmin } from "../http/access.ts";
import { accessOf, actorOf, fieldErrors, fieldOf, idOf, statusOf } from "../http/request.ts";
import { tokenScopes } from "../http/tokens.ts";
import { requireGuard } from "./token-api.ts";

type Shown = Partial<Pick<TokensView, "made" | "draft" | "errors">>;

/** The tokens as the page shows them; null where no password is set, and none is asked for. */
export async function readTokens(
  { guard, now }: AppContext,
  c: Context,
  shown: Shown = {},
): Promise<TokensView | null> {
  if (guard === null) return null;
  return {
    now: now(),
    tokens: await guard.tokens.list(),
    mayChange: accessOf(c) === "admin",
    made: null,
    draft: { name: "", scope: "read" },
    errors: {},
    ...shown,
  };
}

type Page = (c: Context, tokens: TokensView | null) => Promise<string | Promise<string>>;

/** Makes a token and shows it with the answer to this very form: no address would show it again. */
async function create(context: AppContext, c: Context, page: Page): Promise<Response> {
  requireAdmin(accessOf(c));
  const form = await c.req.parseBody();
  const draft = { name: fieldOf(form, "name"), scope: fieldOf(form, "scope") };
  try {
    const scope = tokenScopes.find((known) => known === draft.scope);
    if (!scope) throw new RequestError("invalid", `It is for ${tokenScopes.join(" or ")}.`, "scope");
    const { token } = await requireGuard(context.guard).tokens.create({ name: draft.name, scope }, actorOf(c));
    // Compressed beside what was sent, the answer's length would tell of the token.
    c.header("Cache-Control", "no-store, no-transform");
    return c.html(await page(c, await readTokens(context, c, { made: { name: draft.name, token } })), 201);
  } catch (error) {
    const errors = fieldErrors(error, ["name", "scope"]);
    return c.html(await page(c, await readTokens(context, c, { draft, errors })), statusOf(error));
  }
}

async function revoke(context: AppContext, c: Context): Promise<Response> {
  requireAdmin(accessOf(c));
  await requireGuard(context.guard).tokens.revoke(idOf(c, "token"), actorOf(c));
  return c.redirect("/system#tokens", 303);
}

/** The forms of the tokens on `/system`; `page` makes it whole. */
export function createTokenRoutes(context: AppContext, page: Page): Hono {
  const routes = new Hono();
  routes.post("/system/tokens", (c) => create(context, c, page));
  routes.post("/system/tokens/:id/revoke", (c) => revoke(context, c));
  return routes;
}
