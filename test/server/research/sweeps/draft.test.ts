import { describe, expect, test } from "bun:test";
import { strategies } from "../../../../server/backtest/strategies/index.ts";
import {
  draftOfRequest,
  freshDraft,
  requestOfForm,
  sentDraft,
  toForm,
} from "../../../../server/research/sweeps/draft.ts";
import { readRequest, spaceOf } from "../../../../server/research/sweeps/plan.ts";
import { formatSpec, parseSpec } from "../../../../server/research/sweeps/specs.ts";

describe("what a parameter is tried with", () => {
  test.each([
    ["20", 20],
    [" 2.5 ", 2.5],
    ["5 to 50 by 5", { from: 5, to: 50, step: 5 }],
    ["5 to 50", { from: 5, to: 50, step: 1 }],
    ["0.5..3 step .25", { from: 0.5, to: 3, step: 0.25 }],
    ["5–50/5", { from: 5, to: 50, step: 5 }],
    ["10, 20, 50", [10, 20, 50]],
    ["10 20;50", [10, 20, 50]],
  ])("is read from %p", (text, spec) => {
    expect(parseSpec(text)).toEqual(spec);
    expect(parseSpec(formatSpec(spec))).toEqual(spec);
  });

  test.each(["", "ten", "5 to", "5 to 50 by", "10, ten", "1e", "5 50 by 5", "=1"])("is not read from %p", (text) => {
    expect(parseSpec(text)).toBeNull();
  });
});

describe("the form of a sweep", () => {
  test("proposes for every strategy what can be run", () => {
    for (const { id, parameters, scope } of strategies) {
      const form = new URLSearchParams({ ...freshDraft(new URLSearchParams()), ticker: "AAPL", strategy: id });
      const { request, problems } = requestOfForm(form);
      expect(problems).toEqual([]);
      if (request === null) throw new Error("it has no problem");
      const { axes, fixed } = spaceOf(request);
      expect([...axes.map(({ name }) => name), ...Object.keys(fixed)].toSorted()).toEqual(
        Object.keys(parameters.shape).toSorted(),
      );
      if (scope === "ticker") expect(axes.length).toBe(Math.min(2, Object.keys(parameters.shape).length));
      else expect(axes.length).toBeGreaterThan(0);
    }
  });

  test("filled in with a request asks for the same again", () => {
    const request = readRequest({
      ...{ ticker: "BRK.B", from: "2020-01-02", to: "2023-06-30", strategy: "mean_reversion", score: "calmar" },
      params: { window: { from: 10, to: 40, step: 3 }, deviations: [1, 1.5, 2.25] },
      ...{ search: { kind: "random", points: 17, seed: 99 }, split: { kind: "date", outOfSampleFrom: "2022-05-05" } },
      ...{ walkForward: { windows: 7, anchored: true }, capital: 12_345.67, sizing: { kind: "cash", cash: 2000 } },
      ...{ fractional: false, side: "long_short", commission: { bps: 1.5, perShare: 0.01, perOrder: 2 } },
      ...{
        slippage: { bps: 3 },
        stopLoss: 0.05,
        takeProfit: 0.2,
        trailingStop: 0.075,
        riskFree: 0.031,
        dividends: true,
      },
    });
    expect(requestOfForm(new URLSearchParams(draftOfRequest(request))).request).toEqual(request);
    const plain = readRequest({ ticker: "AAPL", strategy: "rsi", split: null });
    const again = requestOfForm(new URLSearchParams(draftOfRequest(plain))).request;
    expect({ ...again, params: {} }).toEqual({ ...plain, params: {} });
  });

  test("asks for the same sweep of the universe again, and for nothing of one ticker", () => {
    const request = readRequest({
      ...{ strategy: "cross_sectional_momentum", from: "2015-01-02", to: "2023-06-30", survivorship: "survivors_only" },
      params: {
        lookback: [63, 252],
        skip: 21,
        holdings: { from: 10, to: 50, step: 10 },
        minimumPrice: [1, 5],
        minimumDollarVolume: 0,
      },
      ...{ sizing: { kind: "equity", fraction: 0.5 }, walkForward: { windows: 3 }, dividends: true },
    });
    const form = new URLSearchParams({
      ...draftOfRequest(request),
      ticker: "AAPL",
      stopLoss: "5%",
      side: "long_short",
    });
    expect(requestOfForm(form).request).toEqual(request);
  });

  test("keeps what was typed, with every problem at its field", () => {
    const sent = new URLSearchParams({
      ...freshDraft(new URLSearchParams()),
      ...{
        ticker: "AAPL",
        "momentum.shortWindow": "five",
        windows: "many",
        walk: "rolling",
        seed: "-1",
        search: "random",
      },
    });
    const { request, problems } = requestOfForm(sent);
    expect(request).toBeNull();
    const form = toForm(sentDraft(sent), problems, null);
    expect(Object.keys(form.errors).toSorted()).toEqual(["momentum.shortWindow", "seed", "windows"]);
    expect(form.others).toEqual([]);
    expect(form.draft).toMatchObject({ "momentum.shortWindow": "five", windows: "many", seed: "-1" });
  });
});
