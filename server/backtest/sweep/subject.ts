import type { MetricName, Metrics } from "../definitions.ts";
import type { Segment } from "./types.ts";

/** What a run of a part came to, by session of the part. */
export type PartRun = { equity: Float64Array; metrics: Metrics };

/** A point whose parameters go together. Each part is run by itself, from cash: what came before it is known, nothing after it is. */
export type Trial = {
  /** Whether it gets so far as to hold anything by the end of the part. */
  canTrade(part: Segment): boolean;
  /** NaN or infinite where they are not defined. */
  figures(part: Segment): Readonly<Record<MetricName, number>>;
  measure(part: Segment): Metrics;
  run(part: Segment): PartRun;
};

/** One part of a run in which the parameters change; a null trial holds nothing. */
export type Turn<Own extends Trial> = { part: Segment; trial: Own | null };

/** What the points of a sweep are run on: the bars of one ticker, or the universe. */
export type SweepSubject<Own extends Trial = Trial> = {
  sessions: number;
  /** Null where the parameters do not go together. */
  configure(parameters: Record<string, number>): Own | null;
  /** One run over consecutive parts, in which positions are carried from each to the next. */
  runInTurn(turns: readonly Turn<Own>[]): PartRun;
  /** What the capital would be worth, by session, if nothing were chosen: the ticker held, or every ticker that `trial` may choose. */
  holdEverything(trial: Own): Float64Array;
};
