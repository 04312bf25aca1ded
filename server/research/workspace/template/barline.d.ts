// Written by Barline at each start, from its own sources: what you change here is lost. Editors find it by tsconfig.json beside it.
import { z } from "zod";
export { z };

/**
 * One ticker's sessions in columns, oldest first: prices in dollars, split-adjusted, so that signals and stops see no jump where only
 * the shares changed. All columns are of one length.
 */
export type Bars = {
    /** ISO dates. */
    dates: readonly string[];
    open: Float64Array;
    high: Float64Array;
    low: Float64Array;
    close: Float64Array;
    /** Shares traded. In a session without any, no order is filled. */
    volume: Float64Array;
    /** Cash a share by ex-dividend session, in the shares that the prices are told in; all zero where dividends are left out. */
    dividends: Float64Array;
    /**
     * What brings a price as it was quoted that day to the split-adjusted one, so that an adjusted share is so many shares of that day. It changes at a
     * split: orders are made, rounded and charged in shares of their day.
     */
    splitFactor: Float64Array;
    /** Whether the last bar is the ticker's last ever, so that what is still held is paid out at its close. */
    delisted: boolean;
};

/** What a strategy wants to hold after a session's close: long, nothing or short. */
export type Target = -1 | 0 | 1;

/** One `Target` a session. */
export type Targets = Int8Array;

/** Simple moving average of the last `window` values. Warm from session `window - 1`. */
export declare const simpleAverage: (values: Float64Array, window: number) => Float64Array;

/** Standard deviation of the last `window` values, of a population (n, not n - 1) as Bollinger defines his bands. */
export declare const deviation: (values: Float64Array, window: number) => Float64Array;

/**
 * Exponential moving average with weight 2 / (period + 1), begun with the simple average of the first `period` values. Values
 * that are NaN at the start are passed over, so that an average of an average warms up after it.
 */
export declare const exponentialAverage: (values: Float64Array, period: number) => Float64Array;

/**
 * Relative strength index from 0 to 100 in Cutler's form: plain means of the last `period` gains and losses, so that a value
 * does not depend on where the history began, as Wilder's smoothing does. 100 without a loss; 50 where nothing moved. Warm from
 * session `period`.
 */
export declare const relativeStrength: (close: Float64Array, period: number) => Float64Array;

/** Highest of the last `window` values. Warm from session `window - 1`. */
export declare const highest: (values: Float64Array, window: number) => Float64Array;

/** Lowest of the last `window` values. Warm from session `window - 1`. */
export declare const lowest: (values: Float64Array, window: number) => Float64Array;

/** One indicator's line over the sessions, NaN where it is not warm. */
export type PaneLine = {
    label: string;
    values: Float64Array;
};

/** Indicators that are drawn together: over the price where `overlay`, otherwise on a scale of their own. */
export type Pane = {
    id: string;
    title: string;
    lines: PaneLine[];
    overlay: boolean;
};

/** What every strategy tells of itself. `parameters` is a strict object whose fields all have defaults. */
type Described = {
    id: string;
    name: string;
    /** The exact rule for entry and exit, as people read it. */
    description: string;
    parameters: z.ZodObject;
};

/** A strategy with its defaults filled in, or what is wrong with its parameters; the error's paths name the faulty ones. */
type Configured<Ready> = {
    success: true;
    strategy: Ready;
} | {
    success: false;
    error: z.ZodError;
};

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
type ConfiguredStrategy = {
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

/** Declares a strategy of one ticker: a file that exports it is in the form, the API, the sweeps and the pages. */
export declare function defineStrategy<Parameters extends z.ZodObject>(definition: StrategyDefinition<Parameters>): TickerStrategy;

/** A level that a line is compared with, as a line. */
export declare const level: (label: string, bars: Bars, value: number) => PaneLine;

/** A parameter that counts sessions. The examples are what the form of a sweep proposes to try. */
export declare function sessions(minimum: number, byDefault: number, description: string, examples?: number[]): z.ZodDefault<z.ZodInt>;

/** A parameter on the scale of the relative strength index. */
export declare const strength: (byDefault: number, description: string) => z.ZodDefault<z.ZodNumber>;

/** A rule between two parameters, told with the values that they have, as either may be a default. */
export declare const ordered: <Low extends string, High extends string>(low: Low, high: High, options?: {
    orEqual?: boolean;
}) => (values: Record<Low | High, number>, context: z.RefinementCtx) => void;

/**
 * Targets from a rule that goes session by session. `decide` gets what the rule held after the session before, and is asked
 * from session `warmup` on.
 */
export declare function decideEach(length: number, warmup: number, decide: (session: number, held: Target) => Target): Targets;

/** The value of a session that is known to exist; NaN, which no comparison holds for, otherwise. */
export declare const at: (values: Float64Array, session: number) => number;

/** Whether `a` is above `b` by more than rounding. `scale` is what both were computed from: a price, or 100. */
export declare const exceeds: (a: number, b: number, scale: number) => boolean;

/** One rebalance session as it was known at its close: columns of one value a ticker, by its number. */
export type CrossSection = {
    /** As an index into the run's dates. */
    session: number;
    /** In dollars, adjusted for splits; NaN of a ticker that has no bar in the session. */
    close: Float64Array;
    /** 1 for a ticker that has a bar in the session and is not below the strategy's minimums: whom it may choose. */
    eligible: Uint8Array;
    /**
     * By each of the strategy's `lags`, in their order: the close ÷ the ticker's close so many of its own sessions before - 1; NaN where it
     * has no bar that old. Splits between the two change nothing.
     */
    returns: readonly Float64Array[];
};

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
type ConfiguredUniverseStrategy = {
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
export declare function defineUniverseStrategy<Parameters extends z.ZodObject>(definition: UniverseDefinition<Parameters>): UniverseStrategy;

export {};
