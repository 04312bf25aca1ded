import { z } from "zod";
import { invalidFields } from "../../http/check.ts";
import { parseAmount } from "../../market/screener-request.ts";
import { findListed } from "../workspace/catalogue.ts";
import { type BacktestRequest, backtestInput } from "./schemas.ts";
import type { Scenario } from "./types.ts";

/**
 * A run's URL: a parameter a setting, named as the JSON API names it with dots for what lies inside (`commission.bps`,
 * `params.shortWindow`); of the sizing the kind, and beside it the field of that kind. What is null is left out.
 */

/** What is wrong with a query: the field as the API names it, and a whole sentence. */
export type Problem = { field: string; message: string };

/** Where the amount of each kind of sizing stands. */
export const sizingFields = { equity: "fraction", shares: "shares", cash: "cash" } as const;

/** Fields that people may write as percentages; elsewhere a percent sign is a slip. */
export const percentFields: ReadonlySet<string> = new Set([
  ...["fraction", "stopLoss", "takeProfit", "trailingStop", "riskFree"],
]);

type Kind = "number" | "boolean" | "text";

/** The names of all settings but sizing and parameters, and what stands there: as the request's schema has it. */
const settings = new Map<string, Kind>(describe(backtestInput, ""));

function describe(schema: z.ZodType, name: string): [string, Kind][] {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodNullable || schema instanceof z.ZodOptional) {
    return describe(schema.unwrap() as z.ZodType, name);
  }
  if (schema instanceof z.ZodObject) {
    const inner = Object.entries(schema.shape as Record<string, z.ZodType>);
    return inner.flatMap(([key, value]) => describe(value, name === "" ? key : `${name}.${key}`));
  }
  if (schema instanceof z.ZodRecord || schema instanceof z.ZodDiscriminatedUnion) return [];
  return [[name, schema instanceof z.ZodNumber ? "number" : schema instanceof z.ZodBoolean ? "boolean" : "text"]];
}

/** The path and query of a run: the same request again, to the last digit. */
export function urlOfRequest(scenario: Scenario, path = "/backtest"): string {
  const { params, sizing, ...rest } = scenario;
  const query = new URLSearchParams();
  const add = (name: string, value: unknown): void => {
    if (value === null || value === undefined) return;
    if (typeof value !== "object") query.set(name, String(value));
    else for (const [key, inner] of Object.entries(value)) add(`${name}.${key}`, inner);
  };
  for (const [name, value] of Object.entries(rest)) {
    add(name, value);
    if (name === "strategy") add("params", params);
    if (name !== "capital") continue;
    const { kind, ...amount } = sizing;
    for (const [key, value] of Object.entries({ sizing: kind, ...amount })) query.set(key, String(value));
  }
  return `${path}?${query}`;
}

/** The request of a query, or everything that is wrong with it. */
export function requestFromQuery(
  query: URLSearchParams,
): { request: BacktestRequest; problems: [] } | { request: null; problems: Problem[] } {
  const problems = repeated(query);
  const read = backtestInput.safeParse(toInput(query));
  if (!read.success) problems.push(...problemsOf(backtestInput, toInput(query), read.error));
  const strategy = findListed(query.get("strategy") ?? "");
  const params = paramsOf(query);
  const configured = strategy?.parameters.safeParse(params);
  if (strategy && configured?.success === false) {
    problems.push(...problemsOf(strategy.parameters, params, configured.error, "params"));
  }
  return read.success && problems.length === 0 ? { request: read.data, problems: [] } : { request: null, problems };
}

/** Which of two values would count is nobody's guess. */
const repeated = (query: URLSearchParams): Problem[] =>
  [...new Set(query.keys())]
    .filter((name) => query.getAll(name).length > 1)
    .map((name) => ({ field: name, message: `\`${name.slice(0, 60)}\` is given more than once.` }));

function problemsOf(schema: z.ZodType, value: unknown, error: z.ZodError, inside?: string): Problem[] {
  const problems = error.issues.map((issue) => {
    const { message, details } = invalidFields(schema, value, new z.ZodError([issue]), inside);
    return { field: details.field ?? "", message };
  });
  // A date that is no date fails its range too, in the same words.
  return problems.filter(({ message }, index) => problems.findIndex((other) => other.message === message) === index);
}

/** What the query says, in the shape of a request: texts that are no numbers stay texts, for the schema to refuse by name. */
function toInput(query: URLSearchParams): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  const kind = query.get("sizing") ?? "equity";
  const amounts: string[] = Object.values(sizingFields);
  for (const [name, text] of query) {
    if (text === "" || name.startsWith("params.")) continue;
    if (name === "sizing" || amounts.includes(name)) {
      const inner = name === "sizing" ? { kind } : { kind, [name]: toNumber(name, text) };
      input.sizing = { ...(input.sizing ?? {}), ...inner };
      continue;
    }
    const [outer = "", inner] = settings.get(name) === undefined ? [name] : name.split(".");
    const value = toValue(name, text);
    input[outer] = inner === undefined ? value : { ...(input[outer] as object | undefined), [inner]: value };
  }
  return { ...input, params: paramsOf(query) };
}

/** The strategy's parameters; they are all numbers. */
function paramsOf(query: URLSearchParams): Record<string, unknown> {
  const given = [...query].filter(([name, text]) => name.startsWith("params.") && text !== "");
  return Object.fromEntries(given.map(([name, text]) => [name.slice("params.".length), toNumber(name, text)]));
}

function toValue(name: string, text: string): unknown {
  const kind = settings.get(name);
  if (kind === "number") return toNumber(name, text);
  return kind === "boolean" && (text === "true" || text === "false") ? text === "true" : text;
}

/** Digits as they are, to the last one; otherwise as people write numbers: 5%, 10,000, 1.5M. */
function toNumber(name: string, text: string): number | string {
  const trimmed = text.trim();
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return Number(trimmed);
  if (trimmed.endsWith("%") && !percentFields.has(name)) return text;
  return parseAmount(trimmed) ?? text;
}
