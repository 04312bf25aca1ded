import { PermanentError } from "../orchestrator/errors.ts";

/** grouped: one call answers one session of the whole market. per_ticker: one call answers one ticker's whole range. */
export type FetchStrategy = "grouped" | "per_ticker";

/** What fetching costs: calls, and minutes at the plan's rate (0 when it is unlimited). */
export type CallPlan = {
  strategy: FetchStrategy;
  calls: number;
  alternative: { strategy: FetchStrategy; calls: number } | null;
  minutes: number;
};

/**
 * Counts the calls of both strategies and takes the asked one, or the cheaper (grouped when they tie). One per_ticker call
 * answers 50,000 bars, two centuries of sessions. A PermanentError when per_ticker is asked for an unknown number of tickers.
 */
export function planCalls(request: {
  sessions: readonly string[];
  /** null: the whole market, of `universeSize` tickers where that is known. */
  tickers: readonly string[] | null;
  universeSize?: number;
  strategy: "auto" | FetchStrategy;
  callsPerMinute: number | null;
}): CallPlan {
  const { sessions, callsPerMinute } = request;
  const tickers = request.tickers?.length ?? request.universeSize;
  const grouped = sessions.length;
  const perTicker = grouped === 0 ? 0 : tickers;
  if (request.strategy === "per_ticker" && perTicker === undefined) {
    throw new PermanentError(
      "The number of tickers in the market is not known yet, so calls per ticker cannot be planned.",
      {
        advice: "Choose grouped or auto, or name the tickers in UNIVERSE.",
      },
    );
  }
  const cheaper = perTicker !== undefined && perTicker < grouped ? "per_ticker" : "grouped";
  const strategy = request.strategy === "auto" ? cheaper : request.strategy;
  const [calls, other] = strategy === "grouped" ? [grouped, perTicker] : [perTicker ?? 0, grouped];
  return {
    strategy,
    calls,
    alternative:
      other === undefined ? null : { strategy: strategy === "grouped" ? "per_ticker" : "grouped", calls: other },
    minutes: callsPerMinute === null ? 0 : Math.ceil(calls / callsPerMinute),
  };
}
