import type { Hono, MiddlewareHandler } from "hono";
import { deleteCookie, setCookie } from "hono/cookie";
import type { Actor } from "../../jobs/orchestrator/types.ts";
import { signInPage } from "../../views/operations/sign-in.tsx";
import { checkName, defaultName } from "./actor.ts";
import type { AppEnv, RequestContext } from "./environment.ts";
import { answerError, HttpError, isMachinePath } from "./errors.ts";
import { cookieName, type Guard, tokenOf } from "./guard.ts";
import { safeNextPath } from "./next-path.ts";
import { sessionSeconds } from "./session.ts";

/** Open to everybody: probes, the files that the sign-in page needs, and signing in itself. */
const openPaths = ["/healthz", "/readyz", "/sign-in", "/favicon.ico"];

/** Whether `path` is answered without signing in. */
export const isOpen = (path: string) => openPaths.includes(path) || path.startsWith("/assets/");

/**
 * Lets in who has a session, or sends the password as a bearer token; others are told, or led to the sign-in page. Browsers
 * keep nothing of what only those let in may see: the back button would still show it after signing out.
 */
export function requireSignIn(guard: Guard): MiddlewareHandler<AppEnv> {
  return async function requireSignIn(c, next) {
    if (isOpen(c.req.path)) return await next();
    const actor = (await sessionActor(c, guard)) ?? (await tokenActor(c, guard));
    if (actor === null) return refuse(c);
    c.set("actor", actor);
    await next();
    if (!c.res.headers.has("Cache-Control")) c.header("Cache-Control", "no-store");
    return;
  };
}

async function sessionActor(c: RequestContext, { sessions }: Guard): Promise<Actor | null> {
  const token = tokenOf(c);
  const name = token === undefined ? null : await sessions.find(token);
  return name === null ? null : { name, via: isMachinePath(c.req.path) ? "api" : "dashboard" };
}

async function tokenActor(c: RequestContext, guard: Guard): Promise<Actor | null> {
  const token = /^Bearer (.+)$/i.exec(c.req.header("Authorization") ?? "")?.[1];
  if (token === undefined || (await guard.checkPassword(c, token, "bearer")) === null) return null;
  return { name: "API token", via: "api" };
}

function refuse(c: RequestContext): Response | Promise<Response> {
  if (isMachinePath(c.req.path)) {
    c.header("WWW-Authenticate", 'Bearer realm="Barline"');
    return answerError(
      c,
      new HttpError(401, "unauthorized", "Sign in, or send `Authorization: Bearer <ADMIN_PASSWORD>`."),
    );
  }
  const next = c.req.method === "GET" ? pageOf(c) : "/";
  const target = next === "/" ? "/sign-in" : `/sign-in?next=${encodeURIComponent(next)}`;
  c.header("Cache-Control", "no-store");
  if (c.req.header("HX-Request") !== "true") return c.redirect(target, 303);
  // A redirect would be followed by fetch, and the sign-in page swapped into a corner of the old one.
  c.header("HX-Redirect", target);
  return c.body(null, 401);
}

/** The page somebody looks at: for a fragment, the page that holds it. */
function pageOf(c: RequestContext): string {
  const url = c.req.header("HX-Request") === "true" ? c.req.header("HX-Current-URL") : c.req.url;
  if (!url || !URL.canParse(url)) return "/";
  const { pathname, search } = new URL(url);
  return safeNextPath(`${pathname}${search}`);
}

/** The sign-in page and its two forms. Without a password there is nobody to sign in, and all lead home. */
export function addSignInRoutes(app: Hono<AppEnv>, guard: Guard | null): void {
  app.get("/sign-in", async (c) => {
    const next = safeNextPath(c.req.query("next"));
    if (guard === null || (await sessionActor(c, guard)) !== null) return c.redirect(next, 303);
    c.header("Cache-Control", "no-store");
    return c.html(signInPage(next === "/" ? {} : { next }));
  });
  app.post("/sign-in", (c) => signIn(c, guard));
  app.post("/sign-out", async (c) => {
    if (guard === null) return c.redirect("/", 303);
    const token = tokenOf(c);
    if (token !== undefined) await guard.sessions.end(token);
    dropCookie(c, guard);
    return c.redirect("/sign-in", 303);
  });
}

async function signIn(c: RequestContext, guard: Guard | null): Promise<Response> {
  const form = await c.req.parseBody();
  const text = (name: string) => (typeof form[name] === "string" ? form[name] : "");
  const next = safeNextPath(text("next"));
  if (guard === null) return c.redirect(next, 303);
  c.header("Cache-Control", "no-store");
  const again = (status: 401 | 422, errors: { password?: string; name?: string }) =>
    c.html(signInPage({ errors, name: text("name"), ...(next !== "/" && { next }) }), status);

  const name = checkName(text("name"));
  if ("problem" in name) return again(422, { name: name.problem });
  const hash = await guard.checkPassword(c, text("password"), "form");
  const person = { name: name.name ?? defaultName, address: guard.clients.addressOf(c) };
  const token = hash === null ? null : await guard.sessions.issue({ ...person, hash });
  if (token === null) return again(401, { password: "That is not the password." });
  // A session that this browser had is over: its cookie is lost with this answer, and nobody could end it.
  const former = tokenOf(c);
  if (former !== undefined) await guard.sessions.end(former);
  const secure = guard.clients.isSecure(c);
  setCookie(c, cookieName, token, { path: "/", httpOnly: true, sameSite: "Lax", secure, maxAge: sessionSeconds });
  return c.redirect(next, 303);
}

/** Takes the session's cookie back from the browser. */
export function dropCookie(c: RequestContext, guard: Guard): void {
  deleteCookie(c, cookieName, { path: "/", httpOnly: true, sameSite: "Lax", secure: guard.clients.isSecure(c) });
}
