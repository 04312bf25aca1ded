import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { planCalls } from "../../../jobs/market/planner.ts";

const days = (count: number) => Array.from({ length: count }, (_, index) => `day ${index}`);

describe("the plan", () => {
  test("takes one grouped call a session for the whole market", () => {
    expect(planCalls({ sessions: days(250), tickers: null, strategy: "auto", callsPerMinute: 5 })).toEqual({
      strategy: "grouped",
      calls: 250,
      alternative: null,
      minutes: 50,
    });
  });

  test("takes one call a ticker for few tickers over many sessions", () => {
    expect(
      planCalls({ sessions: days(250), tickers: ["A", "B", "C"], strategy: "auto", callsPerMinute: null }),
    ).toEqual({
      strategy: "per_ticker",
      calls: 3,
      alternative: { strategy: "grouped", calls: 250 },
      minutes: 0,
    });
  });

  test("takes grouped when both need the same number of calls", () => {
    expect(planCalls({ sessions: days(2), tickers: ["A", "B"], strategy: "auto", callsPerMinute: 5 }).strategy).toBe(
      "grouped",
    );
  });

  test("obeys a choice and still shows the other", () => {
    expect(
      planCalls({ sessions: days(2), tickers: null, universeSize: 11_000, strategy: "per_ticker", callsPerMinute: 5 }),
    ).toEqual({
      strategy: "per_ticker",
      calls: 11_000,
      alternative: { strategy: "grouped", calls: 2 },
      minutes: 2_200,
    });
  });

  test("cannot count tickers that nobody knows", () => {
    const plan = () => planCalls({ sessions: days(2), tickers: null, strategy: "per_ticker", callsPerMinute: 5 });
    expect(plan).toThrow("not known yet");
  });

  test("needs no call for no session", () => {
    for (const strategy of ["auto", "grouped", "per_ticker"] as const) {
      expect(planCalls({ sessions: [], tickers: null, strategy, callsPerMinute: 5 })).toMatchObject({
        calls: 0,
        minutes: 0,
      });
    }
  });

  test("of auto is never dearer than the other", () => {
    fc.assert(
      fc.property(fc.nat(40), fc.nat(40), (sessions, tickers) => {
        const plan = planCalls({
          sessions: days(sessions),
          tickers: days(tickers),
          strategy: "auto",
          callsPerMinute: 1,
        });
        expect(plan.calls).toBeLessThanOrEqual(plan.alternative?.calls ?? 0);
        expect(plan.minutes).toBe(plan.calls);
      }),
    );
  });
});
