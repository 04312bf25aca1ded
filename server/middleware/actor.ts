import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../environment.ts";
import { isMachinePath } from "./errors.ts";

/** Says who asks, as far as is known before anybody has signed in: it is kept with what they do. */
export function unnamedActor(): MiddlewareHandler<AppEnv> {
  return async function unnamedActor(c, next) {
    c.set("actor", { name: "local user", via: isMachinePath(c.req.path) ? "api" : "dashboard" });
    await next();
  };
}
