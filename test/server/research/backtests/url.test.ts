import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { strategies } from "../../../../server/backtest/strategies/index.ts";
import { backtestInput } from "../../../../server/research/backtests/schemas.ts";
import type { Scenario } from "../../../../server/research/backtests/types.ts";
import { requestFromQuery, urlOfRequest } from "../../../../server/research/backtests/url.ts";

const read = (query: string | Record<string, string>) => requestFromQuery(new URLSearchParams(query));

/** Any double of a range, to the last digit; `open` leaves out the lower end. */
const number = (min: number, max: number, open = false) =>
  fc.double({ min, max, minExcluded: open, noNaN: true }).map((value) => value + 0);
const orNull = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { nil: null });
const ticker = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9./:^+=_-]{0,31}$/);
const date = fc
  .date({ min: new Date("1900-01-01"), max: new Date("2100-12-31"), noInvalidDate: true })
  .map((day) => day.toISOString().slice(0, 10));
const sizing = fc.oneof(
  fc.record({ kind: fc.constant("equity" as const), fraction: number(0, 1, true) }),
  fc.record({ kind: fc.constant("shares" as const), shares: number(0, 1e12, true) }),
  fc.record({ kind: fc.constant("cash" as const), cash: number(0, 1e12, true) }),
);

/** Requests of every strategy with all of its parameters: their defaults, which are always valid. */
const ofOneTicker = strategies.filter(({ scope }) => scope === "ticker");
const scenarios = fc.record({
  ticker,
  from: date,
  to: date,
  strategy: fc.constantFrom(...ofOneTicker.map(({ id }) => id)),
  params: fc.constant({}),
  capital: number(0, 1e12, true),
  sizing,
  fractional: fc.boolean(),
  side: fc.constantFrom("long" as const, "long_short" as const),
  commission: fc.record({ bps: number(0, 1000), perShare: number(0, 1000), perOrder: number(0, 1e6) }),
  slippage: fc.record({ bps: number(0, 1000) }),
  stopLoss: orNull(number(0.000001, 0.99)),
  takeProfit: orNull(number(0.000001, 100)),
  trailingStop: orNull(number(0.000001, 0.99)),
  riskFree: number(0, 1),
  dividends: fc.boolean(),
  benchmark: orNull(ticker),
  survivorship: fc.constant(null),
});

describe("the URL of a run", () => {
  test("gives the same request again, to the last digit, for whatever is valid", () => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        const configured = strategies.find(({ id }) => id === scenario.strategy)?.configure({});
        const params = configured?.success ? { ...configured.strategy.parameters } : {};
        const whole: Scenario = { ...scenario, params };
        // Or the property would hold of nothing: what is generated has to be valid by itself.
        const request = backtestInput.parse(whole);
        expect(read(urlOfRequest(whole).split("?")[1] ?? "")).toEqual({ request, problems: [] });
      }),
    );
  });

  test("writes out every default, so that none can change what it means", () => {
    const { request } = read("ticker=BRK.B&strategy=donchian&from=2024-01-02&to=2024-12-31");
    const url = urlOfRequest({
      ...(request as unknown as Scenario),
      params: { entry: 20, exit: 10 },
    });
    expect(url).toBe(
      "/backtest?ticker=BRK.B&from=2024-01-02&to=2024-12-31&strategy=donchian&params.entry=20&params.exit=10" +
        "&capital=10000&sizing=equity&fraction=1&fractional=true&side=long&commission.bps=0&commission.perShare=0" +
        "&commission.perOrder=0&slippage.bps=0&riskFree=0&dividends=false",
    );
  });
});

describe("a query", () => {
  const base = { ticker: "AAPL", strategy: "momentum" };

  test("may write numbers as people do", () => {
    const { request } = read({
      ...base,
      ...{ capital: "1.5M", riskFree: "4%", stopLoss: "7 %", sizing: "cash", cash: "10,000", "slippage.bps": "1e1" },
    });
    expect(request).toMatchObject({
      ...{ capital: 1_500_000, riskFree: 0.04, stopLoss: 0.07 },
      sizing: { kind: "cash", cash: 10_000 },
      slippage: { bps: 10 },
    });
  });

  test("takes what is empty as left out", () => {
    expect(read({ ...base, from: "", benchmark: "", stopLoss: "", "params.shortWindow": "" }).request).toEqual(
      read(base).request,
    );
  });

  const bad: [query: Record<string, string>, field: string, says: string][] = [
    [{ ticker: "" }, "ticker", "`ticker` is required."],
    [{ ticker: "A B" }, "ticker", "has to be a ticker"],
    [{ ticker: "<script>" }, "ticker", "has to be a ticker"],
    [{ strategy: "momentun" }, "strategy", "Did you mean momentum?"],
    [{ from: "2024-02-30" }, "from", "a date such as"],
    [{ capital: "lots" }, "capital", "has to be a number above 0"],
    [{ capital: "50%" }, "capital", "has to be a number above 0"],
    [{ sizing: "shares", shares: "100%" }, "sizing.shares", "has to be a number above 0"],
    [{ sizing: "shares" }, "sizing.shares", "`sizing.shares` is required."],
    [{ sizing: "all" }, "sizing.kind", "has to be {"],
    [{ fractional: "maybe" }, "fractional", "true or false"],
    [{ stopLoss: "150%" }, "stopLoss", "above 0, below 1"],
    [{ "commission.bps": "-1" }, "commission.bps", "from 0 to 1000"],
    [{ "commission.bsp": "1" }, "commission.bsp", "is not known"],
    [{ "params.shortWindow": "60" }, "params.shortWindow", "less than longWindow, which is 50; it is 60"],
    [{ "params.rsiOverbought": "70%" }, "params.rsiOverbought", "a number from 0 to 100"],
    [{ "params.window": "5" }, "params.window", "is not known"],
    [{ "params.__proto__": "5" }, "params.__proto__", "is not known"],
    [{ tickr: "AAPL" }, "tickr", "Did you mean `ticker`?"],
  ];
  test.each(bad)("is refused by name: %j", (change, field, says) => {
    const { request, problems } = read({ ...base, ...change });
    expect(request).toBeNull();
    expect(problems.map((problem) => problem.field)).toContain(field);
    expect(problems.map(({ message }) => message).join(" ")).toContain(says);
  });

  test("is told all that is wrong with it at once", () => {
    const { problems } = read({ ...base, capital: "0", riskFree: "2", "params.shortWindow": "0" });
    expect(problems.map(({ field }) => field)).toEqual(["capital", "riskFree", "params.shortWindow"]);
  });

  test("has each parameter once", () => {
    const { problems } = read("ticker=AAPL&ticker=MSFT&strategy=momentum");
    expect(problems).toEqual([{ field: "ticker", message: "`ticker` is given more than once." }]);
  });
});
