import type { Hono, MiddlewareHandler } from "hono";
import { deleteCookie, setCookie } from "hono/cookie";
import type { Actor } from "../../jobs/orchestrator/types.ts";
import { signInPage } from "../../views/operations/sign-in.tsx";
import { checkName } from "./actor.ts";
import type { Access, AppEnv, RequestContext } from "./environment.ts";
import { answerError, HttpError, isMachinePath } from "./errors.ts";
import { cookieName, type Guard, tokenOf } from "./guard.ts";
import { safeNextPath } from "./next-path.ts";
import { accessBy } from "./password.ts";
import { sessionSeconds } from "./session.ts";
import { isTokenForm } from "./tokens.ts";

/** Open to everybody: probes, files that are the same for everybody, and signing in itself. */
const openPaths = ["/healthz", "/readyz", "/sign-in", "/favicon.ico"];

/** What somebody is called who sends a password with each call. */
const tokenNames: Record<Access, string> = { admin: "API token", operate: "API token", read: "API token of a viewer" };

/** Whether `path` is answered without signing in. */
export const isOpen = (path: string) =>
  openPaths.includes(path) || path.startsWith("/assets/") || path.startsWith("/clients/");

/**
 * Lets in who has a session, or sends an API token or a password as a bearer token; others are told, or led to the sign-in page. Browsers
 * keep nothing of what only those let in may see: the back button would still show it after signing out.
 */
export function requireSignIn(guard: Guard): MiddlewareHandler<AppEnv> {
  return async function requireSignIn(c, next) {
    if (isOpen(c.req.path)) return await next();
    const person = (await bySession(c, guard)) ?? (await byToken(c, guard));
    if (person === null) return refuse(c);
    c.set("actor", person.actor);
    c.set("access", person.access);
    await next();
    if (!c.res.headers.has("Cache-Control")) c.header("Cache-Control", "no-store");
    return;
  };
}

/** Somebody who was let in. */
type Person = { actor: Actor; access: Access };

async function bySession(c: RequestContext, guard: Guard): Promise<Person | null> {
  const token = tokenOf(c, guard);
  const found = token === undefined ? null : await guard.sessions.find(token);
  const via = isMachinePath(c.req.path) ? "api" : "dashboard";
  return found && { actor: { name: found.name, via }, access: found.access };
}

async function byToken(c: RequestContext, guard: Guard): Promise<Person | null> {
  const token = /^Bearer (.+)$/i.exec(c.req.header("Authorization") ?? "")?.[1];
  if (token === undefined) return null;
  // What has the form of a token is no guess at a password: it needs no counting, and nobody's failures stop it.
  if (isTokenForm(token)) {
    const found = await guard.tokens.find(token);
    return found && { actor: { name: found.name, via: "token" }, access: found.scope };
  }
  const credential = await guard.checkPassword(c, token, "bearer");
  return (
    credential && {
      actor: { name: tokenNames[accessBy(credential.name)], via: "api" },
      access: accessBy(credential.name),
    }
  );
}

function refuse(c: RequestContext): Response | Promise<Response> {
  if (isMachinePath(c.req.path)) {
    c.header("WWW-Authenticate", 'Bearer realm="Barline"');
    return answerError(
      c,
      new HttpError(401, "unauthorized", "Sign in, or send `Authorization: Bearer` with an API token or the password."),
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
    if (guard === null || (await bySession(c, guard)) !== null) return c.redirect(next, 303);
    c.header("Cache-Control", "no-store");
    return c.html(signInPage(next === "/" ? {} : { next }));
  });
  app.post("/sign-in", (c) => signIn(c, guard));
  app.post("/sign-out", async (c) => {
    if (guard === null) return c.redirect("/", 303);
    const token = tokenOf(c, guard);
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
  const credential = await guard.checkPassword(c, text("password"), "form");
  const address = guard.clients.addressOf(c);
  const token = credential && (await guard.sessions.issue({ name: name.name ?? credential.name, address, credential }));
  if (token === null) return again(401, { password: "That is not the password." });
  // A session that this browser had is over: its cookie is lost with this answer, and nobody could end it.
  const former = tokenOf(c, guard);
  if (former !== undefined) await guard.sessions.end(former);
  const secure = guard.clients.isSecure(c);
  setCookie(c, cookieName(secure), token, {
    path: "/",
    httpOnly: true,
    sameSite: "Lax",
    secure,
    maxAge: sessionSeconds,
  });
  return c.redirect(next, 303);
}

/** Takes the session's cookie back from the browser. */
export function dropCookie(c: RequestContext, guard: Guard): void {
  const secure = guard.clients.isSecure(c);
  deleteCookie(c, cookieName(secure), { path: "/", httpOnly: true, sameSite: "Lax", secure });
}
