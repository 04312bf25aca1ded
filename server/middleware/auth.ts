import type { Hono, MiddlewareHandler } from "hono";
import { getConnInfo } from "hono/bun";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { signInPage } from "../../views/sign-in.tsx";
import type { AppEnv, RequestContext } from "../environment.ts";
import type { Attempts } from "./attempts.ts";
import { answerError, HttpError, isMachinePath } from "./errors.ts";
import { safeNextPath } from "./next-path.ts";
import { type Sessions, sessionSeconds } from "./session.ts";

/** What guards the process where ADMIN_PASSWORD is set. */
export type Guard = { sessions: Sessions; attempts: Attempts };

const cookieName = "barline_session";

/** Open to everybody: probes, the files that the sign-in page needs, and signing in itself. */
const openPaths = ["/healthz", "/readyz", "/sign-in", "/favicon.ico"];
const isOpen = (path: string) => openPaths.includes(path) || path.startsWith("/assets/");

/** Lets in who has a session, or sends the password as a bearer token; others are told, or led to the sign-in page. */
export function requireSignIn(guard: Guard): MiddlewareHandler<AppEnv> {
  return async function requireSignIn(c, next) {
    if (isOpen(c.req.path) || hasSession(c, guard) || hasToken(c, guard)) {
      await next();
      return;
    }
    return refuse(c);
  };
}

function hasSession(c: RequestContext, { sessions }: Guard): boolean {
  const token = getCookie(c, cookieName);
  return token !== undefined && sessions.isValid(token);
}

function hasToken(c: RequestContext, guard: Guard): boolean {
  const token = /^Bearer (.+)$/i.exec(c.req.header("Authorization") ?? "")?.[1];
  return token !== undefined && checkPassword(c, guard, token);
}

/** Throws once a client has failed too often. */
function checkPassword(c: RequestContext, { sessions, attempts }: Guard, password: string): boolean {
  const client = clientAddress(c);
  const blockedSeconds = attempts.blockedSeconds(client);
  if (blockedSeconds > 0) {
    const wait = `Try again in ${Math.ceil(blockedSeconds / 60)} min.`;
    throw new HttpError(429, "too_many_attempts", `Too many failed attempts to sign in. ${wait}`, {
      retryAfterSeconds: blockedSeconds,
    });
  }
  const isRight = sessions.isPassword(password);
  if (isRight) attempts.succeed(client);
  else attempts.fail(client);
  return isRight;
}

/** The peer's address. Forwarded addresses are not used: anybody can claim one. */
function clientAddress(c: RequestContext): string {
  const hasServer = typeof c.env === "object" && c.env !== null && ("server" in c.env || "requestIP" in c.env);
  return (hasServer ? getConnInfo(c).remote.address : undefined) ?? "unknown";
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
  app.get("/sign-in", (c) => {
    const next = safeNextPath(c.req.query("next"));
    if (guard === null || hasSession(c, guard)) return c.redirect(next, 303);
    c.header("Cache-Control", "no-store");
    return c.html(signInPage(next === "/" ? {} : { next }));
  });
  app.post("/sign-in", async (c) => {
    const form = await c.req.parseBody();
    const next = safeNextPath(typeof form.next === "string" ? form.next : undefined);
    if (guard === null) return c.redirect(next, 303);
    const password = typeof form.password === "string" ? form.password : "";
    if (!checkPassword(c, guard, password)) {
      c.header("Cache-Control", "no-store");
      const page = signInPage({ error: "That is not the password.", ...(next !== "/" && { next }) });
      return c.html(page, 401);
    }
    const options = {
      path: "/",
      httpOnly: true,
      sameSite: "Lax",
      secure: isSecure(c),
      maxAge: sessionSeconds,
    } as const;
    setCookie(c, cookieName, guard.sessions.issue(), options);
    return c.redirect(next, 303);
  });
  app.post("/sign-out", (c) => {
    const token = getCookie(c, cookieName);
    if (token !== undefined) guard?.sessions.revoke(token);
    deleteCookie(c, cookieName, { path: "/", secure: isSecure(c) });
    return c.redirect(guard === null ? "/" : "/sign-in", 303);
  });
}

const isSecure = (c: RequestContext) =>
  c.req.url.startsWith("https:") || c.req.header("X-Forwarded-Proto")?.split(",")[0]?.trim() === "https";
