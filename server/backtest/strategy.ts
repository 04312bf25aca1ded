import { z } from "zod";
import type { Bars, Target, Targets } from "./types.ts";

/** One indicator's line over the sessions, NaN where it is not warm. */
export type PaneLine = { label: string; values: Float64Array };

/** Indicators that are drawn together: over the price where `overlay`, otherwise on a scale of their own. */
export type Pane = { id: string; title: string; lines: PaneLine[]; overlay: boolean };

/** What every strategy tells of itself. `parameters` is a strict object whose fields all have defaults. */
export type Described = {
  id: string;
  name: string;
  /** The exact rule for entry and exit, as people read it. */
  description: string;
  parameters: z.ZodObject;
};

/** A strategy with its defaults filled in, or what is wrong with its parameters; the error's paths name the faulty ones. */
export type Configured<Ready> = { success: true; strategy: Ready } | { success: false; error: z.ZodError };

/** What a file declares of a strategy of one ticker. */
type StrategyDefinition<Parameters extends z.ZodObject> = Described & {
  parameters: Parameters;
  /** Sessions at the start for which the indicators are not warm: their targets are 0. */
  warmup(parameters: z.output<Parameters>): number;
  /** One target a session, from that session's close and earlier bars only. */
  signals(bars: Bars, parameters: z.output<Parameters>): Targets;
  /** What the signals were decided by, to be drawn; left out where there is nothing but the price. */
  panes?(bars: Bars, parameters: z.output<Parameters>): Pane[];
};

/** A strategy with its parameters, ready to run. */
export type ConfiguredStrategy = {
  id: string;
  parameters: Readonly<Record<string, number>>;
  warmup: number;
  signals(bars: Bars): Targets;
  panes(bars: Bars): Pane[];
};

/** A strategy of one ticker, as the registry lists it. */
export type TickerStrategy = Described & {
  scope: "ticker";
  configure(parameters: unknown): Configured<ConfiguredStrategy>;
};

/** Made once, as a sweep configures each of its points. */
const numbers = z.record(z.string(), z.number());

/** Declares a strategy of one ticker: a file that exports it is in the form, the API, the sweeps and the pages. */
export function defineStrategy<Parameters extends z.ZodObject>(
  definition: StrategyDefinition<Parameters>,
): TickerStrategy {
  const { id, name, description, parameters: schema } = definition;
  return {
    scope: "ticker",
    id,
    name,
    description,
    parameters: schema,
    configure: (given) => {
      const parsed = schema.safeParse(given);
      if (!parsed.success) return { success: false, error: parsed.error };
      const parameters = parsed.data;
      const strategy: ConfiguredStrategy = {
        id,
        parameters: numbers.parse(parameters),
        warmup: definition.warmup(parameters),
        signals: (bars) => definition.signals(bars, parameters),
        panes: (bars) => definition.panes?.(bars, parameters) ?? [],
      };
      return { success: true, strategy };
    },
  };
}

/** A level that a line is compared with, as a line. */
export const level = (label: string, bars: Bars, value: number): PaneLine => ({
  label,
  values: new Float64Array(bars.close.length).fill(value),
});

const longestWindow = 1000;

const ofSessions = new WeakSet<z.ZodType>();

/** A parameter that counts sessions. The examples are what the form of a sweep proposes to try. */
export function sessions(minimum: number, byDefault: number, description: string, examples?: number[]) {
  const schema = z
    .int({ error: `has to be a whole number from ${minimum} to ${longestWindow}` })
    .min(minimum, { error: `has to be a whole number from ${minimum} to ${longestWindow}` })
    .max(longestWindow, { error: `has to be a whole number from ${minimum} to ${longestWindow}` })
    .default(byDefault)
    .meta({ description, ...(examples && { examples }) });
  ofSessions.add(schema);
  return schema;
}

/** Which of a strategy's parameters count sessions: with smaller ones it needs a shorter history. */
export const sessionParameters = (parameters: z.ZodObject): string[] =>
  Object.keys(parameters.shape).filter((name) => ofSessions.has(parameters.shape[name] as z.ZodType));

/** A parameter on the scale of the relative strength index. */
export const strength = (byDefault: number, description: string) =>
  z
    .number({ error: "has to be a number from 0 to 100" })
    .min(0, { error: "has to be a number from 0 to 100" })
    .max(100, { error: "has to be a number from 0 to 100" })
    .default(byDefault)
    .meta({ description });

/** A rule between two parameters, told with the values that they have, as either may be a default. */
export const ordered =
  <Low extends string, High extends string>(low: Low, high: High, options: { orEqual?: boolean } = {}) =>
  (values: Record<Low | High, number>, context: z.RefinementCtx): void => {
    if (values[low] < values[high] || (options.orEqual && values[low] === values[high])) return;
    const bound = options.orEqual ? "at most" : "less than";
    const message = `has to be ${bound} ${high}, which is ${values[high]}; it is ${values[low]}`;
    context.addIssue({ code: "custom", path: [low], message });
  };

/**
 * Targets from a rule that goes session by session. `decide` gets what the rule held after the session before, and is asked
 * from session `warmup` on.
 */
export function decideEach(length: number, warmup: number, decide: (session: number, held: Target) => Target): Targets {
  const targets = new Int8Array(length);
  let held: Target = 0;
  for (let session = warmup; session < length; session++) {
    held = decide(session, held);
    targets[session] = held;
  }
  return targets;
}

/** The value of a session that is known to exist; NaN, which no comparison holds for, otherwise. */
export const at = (values: Float64Array, session: number): number => values[session] ?? Number.NaN;

/** Differences below this part of the scale are rounding: averages of a flat price differ by them, and are no signal. */
const rounding = 1e-10;

/** Whether `a` is above `b` by more than rounding. `scale` is what both were computed from: a price, or 100. */
export const exceeds = (a: number, b: number, scale: number): boolean => a - b > rounding * scale;
