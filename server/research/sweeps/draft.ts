import { z } from "zod";
import type { SweepForm } from "../../../views/research/sweep-view.ts";
import type { Range } from "../../backtest/sweep/space.ts";
import { invalidFields } from "../../http/check.ts";
import { draftOf as backtestDraft, problemAtField, queryOfForm, toForm as toBacktestForm } from "../backtests/draft.ts";
import type { Scenario } from "../backtests/types.ts";
import { type Problem, requestFromQuery, urlOfRequest } from "../backtests/url.ts";
import { listStrategies } from "../workspace/catalogue.ts";
import { pointLimits } from "./limits.ts";
import { metricInfos } from "./metric-infos.ts";
import { type SweepRequest, sweepInput } from "./schemas.ts";
import { formatSpec, parseSpec } from "./specs.ts";

/** The form of a sweep: the fields of a backtest's form, with a list or range in each parameter, and these. */
const ownFields = [
  "search",
  "points",
  "seed",
  "score",
  "split",
  "inSample",
  "outOfSampleFrom",
  "walk",
  "windows",
] as const;

type OwnField = (typeof ownFields)[number];

const ownDefaults: Record<OwnField, string> = {
  ...{ search: "grid", points: "1000", seed: "1", score: "sharpe" },
  ...{ split: "fraction", inSample: "70%", outOfSampleFrom: "", walk: "none", windows: "5" },
};

/** Fields of a request by where they stand in the form. */
const placeOf: Record<string, OwnField> = {
  "search.points": "points",
  "search.seed": "seed",
  "split.inSample": "inSample",
  "split.outOfSampleFrom": "outOfSampleFrom",
  "walkForward.windows": "windows",
};

/**
 * What to try a parameter with where nobody has said: what its strategy gives as examples. Of a strategy without any the first two from
 * half of the default to twice it, the rest as they are.
 */
function proposedSpecs(): Record<string, string> {
  const proposed: Record<string, string> = {};
  for (const { id, parameters } of listStrategies()) {
    const examples = new Map(Object.entries(parameters.shape).map(([name, schema]) => [name, examplesOf(schema)]));
    const hasExamples = [...examples.values()].some((values) => values.length > 0);
    const defaults = Object.entries(parameters.parse({}) as Record<string, number>);
    for (const [index, [name, value]] of defaults.entries()) {
      const known = examples.get(name) ?? [];
      const spec = known.length > 0 ? known : hasExamples || index >= 2 ? value : aroundDefault(value);
      proposed[`${id}.${name}`] = formatSpec(spec);
    }
  }
  return proposed;
}

const examplesOf = (schema: unknown): number[] =>
  z
    .array(z.number())
    .catch([])
    .parse(schema instanceof z.ZodType ? schema.meta()?.examples : []);

function aroundDefault(value: number): Range {
  const step = Math.max(value / 10, 0.1);
  const isLarge = Number.isInteger(value) && value >= 5;
  const [from, to] = isLarge ? [Math.round(value / 2), value * 2] : [value / 2, value * 2];
  return { from, to, step: isLarge ? Math.max(1, Math.round(step)) : 0.5 };
}

/** The form before anything was asked, over what a link says: the settings of a run. */
export const freshDraft = (query: URLSearchParams): Record<string, string> => ({
  ...backtestDraft(query),
  ...proposedSpecs(),
  ...ownDefaults,
});

/** The form as it was sent. */
export function sentDraft(form: URLSearchParams): Record<string, string> {
  const sent = new URLSearchParams(form);
  sent.set("form", "1");
  return { ...freshDraft(new URLSearchParams()), ...backtestDraft(sent), ...Object.fromEntries(form) };
}

/** The form that asks for a request again. */
export function draftOfRequest(request: SweepRequest): Record<string, string> {
  const { params, search, score, split, walkForward, ...run } = request;
  const scenario = { ...run, params: {}, benchmark: null } as unknown as Scenario;
  const draft = freshDraft(new URLSearchParams(urlOfRequest(scenario).split("?")[1]));
  for (const [name, spec] of Object.entries(params)) draft[`${request.strategy}.${name}`] = formatSpec(spec);
  const own: Partial<Record<OwnField, string>> = { search: search.kind, score, split: split?.kind ?? "none" };
  if (search.kind === "random") Object.assign(own, { points: String(search.points), seed: String(search.seed) });
  if (split?.kind === "fraction") own.inSample = `${Number((split.inSample * 100).toPrecision(12))}%`;
  if (split?.kind === "date") own.outOfSampleFrom = split.outOfSampleFrom;
  if (walkForward)
    Object.assign(own, { walk: walkForward.anchored ? "anchored" : "rolling", windows: String(walkForward.windows) });
  return { ...draft, ...own };
}

/** The request that a sent form asks for, or all that is wrong with it. */
export function requestOfForm(
  form: URLSearchParams,
): { request: SweepRequest; problems: [] } | { request: null; problems: Problem[] } {
  const settings = new URLSearchParams(form);
  for (const name of ownFields) settings.delete(name);
  const asked = queryOfForm(settings);
  const { params, problems } = paramsOf(asked);
  for (const name of [...asked.keys()]) if (name.startsWith("params.")) asked.delete(name);
  const base = requestFromQuery(asked);
  problems.push(...base.problems);
  if (base.request === null) return { request: null, problems };
  const { benchmark: _, params: __, ...run } = base.request;
  const value = { ...run, params, ...searchOf(form) };
  const read = sweepInput.safeParse(value);
  for (const issue of read.error?.issues ?? []) {
    const { message, details } = invalidFields(sweepInput, value, new z.ZodError([issue]));
    problems.push({ field: details.field ?? "", message });
  }
  return read.success && problems.length === 0 ? { request: read.data, problems: [] } : { request: null, problems };
}

function paramsOf(query: URLSearchParams): { params: Record<string, unknown>; problems: Problem[] } {
  const params: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [field, text] of query) {
    if (!field.startsWith("params.")) continue;
    const spec = parseSpec(text);
    if (spec !== null) params[field.slice("params.".length)] = spec;
    else
      problems.push({
        field,
        message: `\`${field}\` has to be a number (20), a list (10, 20, 50) or a range (5 to 50 by 5).`,
      });
  }
  return { params, problems };
}

function searchOf(form: URLSearchParams): Record<string, unknown> {
  const textOf = (name: OwnField) => form.get(name)?.trim() ?? "";
  const given = (name: OwnField, read: (text: string) => unknown = wholeNumber) =>
    textOf(name) === "" ? {} : { [name]: read(textOf(name)) };
  const splits: Record<string, unknown> = {
    none: null,
    fraction: { kind: "fraction", ...given("inSample", part) },
    date: { kind: "date", ...given("outOfSampleFrom", String) },
  };
  const [split, walk] = [textOf("split") || "fraction", textOf("walk") || "none"];
  return {
    search:
      textOf("search") === "random"
        ? { kind: "random", ...given("points"), ...given("seed") }
        : { kind: textOf("search") || "grid" },
    ...given("score", String),
    split: split in splits ? splits[split] : { kind: split },
    walkForward: walk === "none" ? null : { ...given("windows"), anchored: walk === "anchored" },
  };
}

/** Texts that are no numbers stay texts, for the schema to refuse by name. */
const wholeNumber = (text: string): unknown => (/^[\d,]+$/.test(text) ? Number(text.replaceAll(",", "")) : text);

function part(text: string): unknown {
  const found = /^(\d+\.?\d*|\.\d+)\s*(%?)$/.exec(text);
  if (!found) return text;
  return Number((Number(found[1]) / (found[2] === "%" ? 100 : 1)).toPrecision(12));
}

/** The form as it is shown: what stands in it, and each problem at its field. */
export function toForm(
  draft: Record<string, string>,
  problems: readonly Problem[],
  known: SweepForm["known"],
): SweepForm {
  const placed = problems.map(({ field, message }) => ({ field: placeOf[field] ?? withoutStep(field), message }));
  const isOwn = ({ field }: Problem) => ownFields.some((name) => name === field);
  const form = toBacktestForm(
    draft,
    placed.filter((problem) => !isOwn(problem)),
    known,
  );
  const own = placed.filter(isOwn).map((problem) => [problem.field, problemAtField(problem)]);
  return {
    ...form,
    errors: { ...form.errors, ...Object.fromEntries(own) },
    metrics: metricInfos,
    mostPoints: { ticker: pointLimits.ticker.most, universe: pointLimits.universe.most },
  };
}

/** A range's own fields stand in the field of its parameter. */
const withoutStep = (field: string) => field.replace(/^(params\.[^.]+)\..*$/, "$1");
