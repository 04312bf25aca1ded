import { z } from "zod";
import type { Configured, Described } from "../strategy.ts";

/**
 * Every ticker that has a bar in a rebalance session, in columns, as it was known at that session's close. All columns are of one
 * length; rows are in the order of tickers.
 */
export type CrossSection = {
  /** ISO date of the session. */
  date: string;
  /** Closes as they were quoted in that session: later splits are no part of them. In dollars. */
  price: Float64Array;
  /** Close × shares traded in that session, in dollars. */
  dollarVolume: Float64Array;
  /**
   * By each of the strategy's `lags`, in their order: the ticker's close so many sessions of its own ago ÷ the session's close, adjusted
   * for splits; NaN where it has no bars that old.
   */
  earlier: readonly Float64Array[];
};

/** What one file of strategies/ declares for a strategy that chooses from all tickers. */
type Definition<Parameters extends z.ZodObject> = Described & {
  parameters: Parameters;
  /** Sessions before a rebalance, of which the closes are looked at. A ticker that has fewer is not chosen. */
  lags(parameters: z.output<Parameters>): readonly number[];
  /** Tickers held, the best first. */
  holdings(parameters: z.output<Parameters>): number;
  /** One score a row: the highest are held, NaN never is. */
  score(section: CrossSection, parameters: z.output<Parameters>): Float64Array;
};

/** A strategy of the universe with its parameters, ready to run. */
export type ConfiguredUniverseStrategy = {
  id: string;
  parameters: Readonly<Record<string, number>>;
  /** The most sessions that the strategy looks back. */
  warmup: number;
  lags: readonly number[];
  holdings: number;
  score(section: CrossSection): Float64Array;
};

/** A strategy of all tickers at once, as the registry lists it. */
export type UniverseStrategy = Described & {
  scope: "universe";
  configure(parameters: unknown): Configured<ConfiguredUniverseStrategy>;
};

/** Declares a strategy of the universe; see `strategies/index.ts` for what that makes it part of. */
export function defineUniverseStrategy<Parameters extends z.ZodObject>(
  definition: Definition<Parameters>,
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
        score: (section) => definition.score(section, parameters),
      };
      return { success: true, strategy };
    },
  };
}
