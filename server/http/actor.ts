import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "./environment.ts";
import { isMachinePath } from "./errors.ts";

/** Says who asks, as far as is known before anybody has signed in: it is kept with what they do. */
export function unnamedActor(): MiddlewareHandler<AppEnv> {
  return async function unnamedActor(c, next) {
    c.set("actor", { name: "local user", via: isMachinePath(c.req.path) ? "api" : "dashboard" });
    await next();
  };
}

/** What somebody is called who gave no name at sign-in. */
export const defaultName = "admin";

const longestName = 60;
/** Control characters, and those that turn the direction of what stands around a name or break its line. */
const unreadable = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** The name that a person gave; null for none, or why it cannot be kept. */
export function checkName(given: string): { name: string | null } | { problem: string } {
  const name = given.trim();
  if (name === "") return { name: null };
  if (unreadable.test(name)) return { problem: "Use letters, digits and signs that can be seen." };
  // Counted as people count, not in UTF-16 units.
  if ([...name].length > longestName) return { problem: `Use at most ${longestName} characters.` };
  return { name };
}
