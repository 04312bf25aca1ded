import type { MiddlewareHandler } from "hono";
import type { Access, AppEnv } from "./environment.ts";
import { HttpError } from "./errors.ts";
import { isSafe } from "./origin.ts";

/** A path without parameters, and how it is asked. */
type Call = { method: string; path: string };

/** Signing in and out changes nothing but who one is. */
const ownPaths = ["/sign-in", "/sign-out"];

/**
 * Lets who may only look change nothing, whatever the route: by the method, so that no route can be forgotten. `computing` are the calls
 * that take a body to compute with and keep nothing.
 */
export function readersChangeNothing(computing: readonly Call[]): MiddlewareHandler<AppEnv> {
  const isComputing = ({ method, path }: Call) =>
    computing.some((call) => call.method.toUpperCase() === method && call.path === path);
  return async function readersChangeNothing(c, next) {
    const { method, path } = c.req;
    const changes = !isSafe(method) && !ownPaths.includes(path) && !isComputing({ method, path });
    if (c.var.access === "read" && changes) {
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
