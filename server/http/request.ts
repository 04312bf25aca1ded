import type { Context } from "hono";
import { type Actor, RequestError } from "../../jobs/orchestrator/types.ts";
import type { Access } from "./environment.ts";

/** Whether htmx asks for the part of the page with this id, rather than a person for the page. */
export function wantsFragment(c: Context, id: string): boolean {
  c.header("Vary", "HX-Request, HX-Target", { append: true });
  return c.req.header("HX-Request") === "true" && (c.req.header("HX-Target") ?? "").endsWith(`#${id}`);
}

/** Who asks, to be kept with what they do. */
export const actorOf = (c: Context): Actor => c.get("actor");

/** What who asks may do. */
export const accessOf = (c: Context): Access => c.get("access");

/** A whole positive number in a path; anything else is no such page. */
export function idOf(c: Context, what: string, name = "id"): number {
  const text = c.req.param(name) ?? "";
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new RequestError("not_found", `There is no such ${what}.`);
  return Number(text);
}

/** A whole number in the query; null where it is absent or not one. */
export function numberIn(c: Context, name: string): number | null {
  const text = c.req.query(name) ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** One text field of a posted form; empty where it is absent, a file, or sent twice. */
export function fieldOf(form: Record<string, unknown>, name: string): string {
  const value = form[name];
  return typeof value === "string" ? value.trim() : "";
}

/** The message of a request that cannot be done as asked, under the field it belongs to; everything else is thrown on. */
export function fieldErrors(error: unknown, fields: string[]): Record<string, string> {
  if (!(error instanceof RequestError)) throw error;
  const field = error.field !== undefined && fields.includes(error.field) ? error.field : "form";
  return { [field]: error.message };
}

/** 409 where the state of things stands in the way, 422 where the request itself does. */
export const statusOf = (error: unknown): 409 | 422 =>
  error instanceof RequestError && error.code === "conflict" ? 409 : 422;

/** Whether a page's charts are asked for with logarithmic scales. */
export const isLogIn = (c: Context): boolean => c.req.query("scale") === "log";
