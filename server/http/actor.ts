import type { MiddlewareHandler } from "hono";
import { invisible } from "../../views/visible-text.ts";
import type { Access, AppEnv } from "./environment.ts";
import { isMachinePath } from "./errors.ts";

/**
 * Says who asks, as far as is known before anybody has signed in: it is kept with what they do. `access` is what such a one
 * may do.
 */
export function unnamedActor(access: Access): MiddlewareHandler<AppEnv> {
  return async function unnamedActor(c, next) {
    c.set("access", access);
    c.set("actor", { name: "local user", via: isMachinePath(c.req.path) ? "api" : "dashboard" });
    await next();
  };
}

/** Characters, as people count them. */
export const longestName = 60;
const unreadable = new RegExp(`[${invisible}]`);

/** The name that a person gave; null for none, or why it cannot be kept. */
export function checkName(given: string): { name: string | null } | { problem: string } {
  const name = given.trim();
  if (name === "") return { name: null };
  if (unreadable.test(name)) return { problem: "Use letters, digits and signs that can be seen." };
  // Counted as people count, not in UTF-16 units.
  if ([...name].length > longestName) return { problem: `Use at most ${longestName} characters.` };
  return { name };
}
