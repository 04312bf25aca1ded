import { z } from "zod";
import type { Configured, Described } from "../strategy.ts";
import type { CrossSection } from "./types.ts";

/** What a ticker has to have had in a rebalance session to be looked at; 0 asks for nothing. */
export type Minimums = {
  /** Dollars a share, as quoted that day: later splits are no part of it. */
  price: number;
  /** Dollars traded that day. */
  dollarVolume: number;
};

/** What a file declares of a strategy that chooses from all tickers. */
type UniverseDefinition<Parameters extends z.ZodObject> = Described & {
  parameters: Parameters;
  /** Sessions before a rebalance, of which the closes are looked at. */
  lags(parameters: z.output<Parameters>): readonly number[];
  /** Tickers held, the best first. */
  holdings(parameters: z.output<Parameters>): number;
  minimums(parameters: z.output<Parameters>): Minimums;
  /** One score a row: the highest are held, NaN never is. */
  score(section: CrossSection, parameters: z.output<Parameters>): Float64Array;
};

/** A strategy of the universe with its parameters, ready to run. */
export type ConfiguredUniverseStrategy = {
  id: string;
  parameters: Readonly<Record<string, number>>;
  /** The most sessions that the strategy looks back: a ticker with fewer bars before a rebalance is not held. */
  warmup: number;
  lags: readonly number[];
  holdings: number;
  minimums: Minimums;
  score(section: CrossSection): Float64Array;
};

/** A strategy of all tickers at once, as the registry lists it. */
export type UniverseStrategy = Described & {
  scope: "universe";
  configure(parameters: unknown): Configured<ConfiguredUniverseStrategy>;
};

/** Declares a strategy of the universe: a file that exports it is in the form, the API, the sweeps and the pages. */
export function defineUniverseStrategy<Parameters extends z.ZodObject>(
  definition: UniverseDefinition<Parameters>,
): UniverseStrategy {
  const { id, name, description, parameters: schema } = definition;
  return {
    scope: "universe",
    id,
    name,
    description,
    parameters: schema,
    configure: (given) => {
      const parsed = schema.safeParse(given);
      if (!parsed.success) return { success: false, error: parsed.error };
      const parameters = parsed.data;
      const lags = definition.lags(parameters);
      const strategy: ConfiguredUniverseStrategy = {
        id,
        parameters: z.record(z.string(), z.number()).parse(parameters),
        warmup: Math.max(0, ...lags),
        lags,
        holdings: definition.holdings(parameters),
        minimums: definition.minimums(parameters),
        score: (section) => definition.score(section, parameters),
      };
      return { success: true, strategy };
    },
  };
}
