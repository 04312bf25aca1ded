import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { demoApiKey, startDemoExchange } from "../../jobs/market/demo/server.ts";
import { runRequest, toAnswer } from "../../server/research/backtests/run.ts";
import { backtestInput } from "../../server/research/backtests/schemas.ts";
import { startTestPipeline, type TestPipeline } from "../support/pipeline.ts";
import { goldenRanges, goldenTickers } from "./bars.ts";
import { differences } from "./differences.ts";
import { goldenRuns } from "./runs.ts";

setDefaultTimeout(120_000);

const listed = goldenTickers.filter(({ source }) => source === "demo");
/** A day after the range, so that it is all there is. */
const now = () => new Date("2022-01-01T12:00:00Z");
const exchange = startDemoExchange({ now });
let pipeline: TestPipeline;

beforeAll(async () => {
  pipeline = await startTestPipeline({
    market: { url: exchange.url, apiKey: demoApiKey },
    settings: { universe: { kind: "tickers", tickers: listed.map(({ ticker }) => ticker) } },
    now,
  });
  await pipeline.backfill(goldenRanges.demo.from, goldenRanges.demo.to, { strategy: "per_ticker" });
  await pipeline.settle(110_000);
}, 120_000);
afterAll(async () => {
  await pipeline.close();
  await exchange.stop();
});

/** Splits, dividends, sessions without a trade and a delisting have come all the way through the warehouse then. */
test.each(listed.map((golden) => [golden.ticker, golden] as const))(
  "golden runs over %s are what is answered from the warehouse",
  async (_, golden) => {
    for (const { request, metrics, buyAndHold, yearly, trades } of goldenRuns(golden)) {
      const answer = toAnswer(await runRequest(pipeline.sql, backtestInput.parse(request)));
      const [held] = answer.comparisons;
      const answered = {
        metrics: answer.metrics,
        buyAndHold: { metrics: held?.metrics, alpha: held?.alpha, beta: held?.beta },
        yearly: answer.returns.yearly,
        trades: answer.trades.map(({ asTraded: _, ...trade }) => trade),
      };
      expect(differences({ metrics, buyAndHold, yearly, trades }, answered)).toEqual([]);
    }
  },
);
