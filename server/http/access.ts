import type { MiddlewareHandler } from "hono";
import type { Access, AppEnv } from "./environment.ts";
import { HttpError } from "./errors.ts";
import { isSafe } from "./origin.ts";

/** Signing in and out changes nothing but who one is. */
const ownPaths = ["/sign-in", "/sign-out"];

/** Lets who may only look change nothing, whatever the route: by the method, so that no route can be forgotten. */
export function readersChangeNothing(): MiddlewareHandler<AppEnv> {
  return async function readersChangeNothing(c, next) {
    if (c.var.access === "read" && !isSafe(c.req.method) && !ownPaths.includes(c.req.path)) {
      throw new HttpError(403, "read_only", "You may see everything here and change nothing.");
    }
    await next();
  };
}

/** Throws where somebody may not say who else is let in. */
export function requireAdmin(access: Access): void {
  if (access !== "admin") {
    throw new HttpError(403, "admin_only", "Only who has the admin password may see and change who is let in.");
  }
}
