import { z } from "zod";
import type { DataRange } from "../../../db/queries/research/data-version.ts";
import { walkWindows } from "../../backtest/sweep/segments.ts";
import { countValues, mostValues, type Range, sizeOfGrid, valuesOf } from "../../backtest/sweep/space.ts";
import type { Axis, Segment, SweepPlan } from "../../backtest/sweep/types.ts";
import { invalidFields } from "../../http/check.ts";
import { HttpError } from "../../http/errors.ts";
import { settingsOf } from "../backtests/schemas.ts";
import { findListed, type ListedStrategy } from "../workspace/catalogue.ts";
import { pointLimits } from "./limits.ts";
import { type SweepRequest, sweepInput } from "./schemas.ts";

const refused = (field: string, message: string) => new HttpError(422, "invalid", `\`${field}\` ${message}`, { field });

/** The strategy of a request that passed its check. */
export function strategyOf({ strategy: id }: Pick<SweepRequest, "strategy">): ListedStrategy {
  const strategy = findListed(id);
  // Its file may have gone since the request was checked.
  if (strategy === undefined) throw refused("strategy", `(${id}) cannot be used any more.`);
  return strategy;
}

type Spec = SweepRequest["params"][string];

/** What a request tries its strategy with. What cannot be tried is an HttpError that names the field. */
export function spaceOf(request: SweepRequest): Pick<SweepPlan, "axes" | "fixed" | "search"> {
  const strategy = strategyOf(request);
  requireKnown(strategy, request.params);
  const lengths = Object.entries(request.params).map(([name, spec]) => ({
    name,
    values: { length: countOf(name, spec) },
  }));
  requireSize(strategy, request.search, lengths);
  const fixed: Record<string, number> = {};
  const axes: Axis[] = [];
  // In the strategy's own order, whatever that of the request is, so that the same search numbers its points alike.
  for (const [name, schema] of Object.entries(strategy.parameters.shape)) {
    const spec = request.params[name];
    if (spec === undefined || typeof spec === "number") {
      fixed[name] = z.number().parse(checked(name, schema as z.ZodType, spec));
      continue;
    }
    const values = Array.isArray(spec) ? spec : valuesOf(spec);
    for (const value of values) checked(name, schema as z.ZodType, value);
    if (new Set(values).size < values.length) throw refused(`params.${name}`, "has a value twice.");
    axes.push({ name, values });
  }
  return { axes, fixed, search: request.search };
}

/** Each value by itself; whether values go together is told by each point. */
function checked(name: string, schema: z.ZodType, value: unknown): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw refused(`params.${name}`, `${parsed.error.issues[0]?.message ?? "is wrong"}; ${value} is among its values.`);
}

function requireKnown(strategy: ListedStrategy, params: SweepRequest["params"]): void {
  const parsed = strategy.parameters.safeParse(params);
  const unknown = parsed.error?.issues.filter((issue) => issue.code === "unrecognized_keys") ?? [];
  if (unknown.length > 0) throw invalidFields(strategy.parameters, params, new z.ZodError(unknown), "params");
}

function countOf(name: string, spec: Spec): number {
  if (typeof spec === "number") return 1;
  const length = Array.isArray(spec) ? spec.length : countRange(name, spec);
  if (length <= mostValues) return length;
  const many = length.toLocaleString("en-US");
  throw refused(`params.${name}`, `has ${many} values; up to ${mostValues.toLocaleString("en-US")} are tried.`);
}

function countRange(name: string, range: Range): number {
  const length = countValues(range);
  if (length > 0) return length;
  throw refused(`params.${name}`, `is an empty range: \`to\` (${range.to}) is below \`from\` (${range.from}).`);
}

function requireSize(
  { scope }: ListedStrategy,
  search: SweepRequest["search"],
  axes: { name: string; values: { length: number } }[],
): void {
  const { most, why } = pointLimits[scope];
  const limit = `up to ${most.toLocaleString("en-US")} are run${why}`;
  if (search.kind === "random") {
    if (Math.min(sizeOfGrid(axes), search.points) <= most) return;
    throw refused("search.points", `(${search.points.toLocaleString("en-US")}) is too many: ${limit}.`);
  }
  const size = sizeOfGrid(axes);
  if (size <= most) return;
  const [longest] = axes.toSorted((a, b) => b.values.length - a.values.length);
  const values = (longest?.values.length ?? 0).toLocaleString("en-US");
  const message =
    `has ${values} values, the most of all: the grid has ${size.toLocaleString("en-US")} points, and ${limit}. ` +
    "Narrow it, or search at random.";
  throw refused(`params.${longest?.name ?? ""}`, message);
}

/** The fewest sessions of a part that chooses or is run; fewer say nothing. */
const leastPart = 5;

/** All of a sweep but its bars: `dates` are their sessions. */
export function planOf(request: SweepRequest, dates: readonly string[]): SweepPlan {
  const {
    ticker: _,
    from: __,
    to: ___,
    strategy,
    params: ____,
    search: _____,
    score,
    split,
    walkForward,
    survivorship,
    ...settings
  } = request;
  const sessions = dates.length;
  const cut = split === null ? sessions : cutAt(split, dates);
  return {
    strategy,
    ...spaceOf(request),
    score,
    settings: settingsOf({ ...settings, benchmark: null, survivorship }),
    survivorsOnly: survivorship === "survivors_only",
    inSample: { from: 0, to: cut },
    outOfSample: split === null ? null : { from: cut, to: sessions },
    windows: walkForward === null ? [] : windowsOf(walkForward, sessions),
  };
}

function cutAt(split: NonNullable<SweepRequest["split"]>, dates: readonly string[]): number {
  const { length } = dates;
  if (split.kind === "fraction") {
    const cut = Math.round(split.inSample * length);
    if (Math.min(cut, length - cut) >= leastPart) return cut;
    throw refused("split.inSample", `leaves ${cut} of ${length} sessions in sample; each part needs ${leastPart}.`);
  }
  const found = dates.findIndex((date) => date >= split.outOfSampleFrom);
  const cut = found === -1 ? length : found;
  if (Math.min(cut, length - cut) >= leastPart) return cut;
  const range = `the bars go from ${dates[0]} to ${dates.at(-1)}`;
  throw refused(
    "split.outOfSampleFrom",
    `(${split.outOfSampleFrom}) leaves ${cut} sessions in sample and ${length - cut} out of it; each part needs ${leastPart}, and ${range}.`,
  );
}

function windowsOf(
  { windows, anchored }: NonNullable<SweepRequest["walkForward"]>,
  sessions: number,
): SweepPlan["windows"] {
  const cut = walkWindows(sessions, windows, anchored);
  if (cut.every(({ choose, run }) => Math.min(lengthOf(choose), lengthOf(run)) >= leastPart)) return cut;
  throw refused("walkForward.windows", `cuts ${sessions} sessions into ${windows + 1} parts; each needs ${leastPart}.`);
}

const lengthOf = ({ from, to }: Segment): number => to - from;

/** The request with what was left out filled in, so that it finds the same when it is sent again. */
export const completed = (
  request: SweepRequest,
  dates: readonly string[],
  fixed: SweepPlan["fixed"],
): SweepRequest => ({
  ...request,
  ...(strategyOf(request).scope === "universe" && { survivorship: request.survivorship ?? "point_in_time" }),
  from: request.from ?? dates[0],
  to: request.to ?? dates.at(-1),
  params: { ...fixed, ...request.params },
});

/** Of a search in which no point has parameters that go together. */
export const noPoints = () =>
  new HttpError(
    422,
    "invalid",
    "`params` make no point whose values go together, such as a short window below the long one.",
    { field: "params" },
  );

/** What a completed request reads. */
export const rangeOf = ({ ticker, from = "", to = "" }: SweepRequest): DataRange => ({ ticker, from, to });

/** A stored request, which passed the check when it was new. */
export const readRequest = (stored: unknown): SweepRequest => sweepInput.parse(stored);
