import { parseArgs } from "node:util";
import { createMarketClient } from "../../jobs/market/client.ts";
import { createSlidingWindowLimiter, rateOf } from "../../jobs/market/rate.ts";
import { barsPathOf, demoRows, goldenTickers, marketRows, toCsv } from "./bars.ts";
import { goldenPathOf, goldenRuns, toGoldenText } from "./runs.ts";

const usage = `bun run golden [options]
  Runs every strategy over the bars in test/golden/bars, and writes what came of it to test/golden/*.json, which the tests compare with.
  --demo              make the demo exchange's bars anew first
  --url URL           get the market's bars anew first, from an API like Polygon's
  --key KEY           its key
  --calls-per-minute N  unlimited
`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean" },
    demo: { type: "boolean", default: false },
    url: { type: "string" },
    key: { type: "string", default: "" },
    "calls-per-minute": { type: "string" },
  },
});

if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}

for (const { ticker, source } of goldenTickers) {
  if (source === "demo" && values.demo) await Bun.write(barsPathOf(ticker), toCsv(demoRows(ticker)));
  if (source === "market" && values.url !== undefined) {
    await Bun.write(barsPathOf(ticker), toCsv(await marketRows(createClient(values.url), ticker)));
  }
}
for (const golden of goldenTickers) {
  const runs = goldenRuns(golden);
  await Bun.write(goldenPathOf(golden.ticker), toGoldenText(runs));
  process.stdout.write(`${golden.ticker}: ${runs.length} runs\n`);
}

function createClient(baseUrl: string) {
  const perMinute = values["calls-per-minute"];
  const rate = rateOf(perMinute === undefined ? null : Number(perMinute));
  return createMarketClient({ baseUrl, apiKey: values.key, limiter: createSlidingWindowLimiter(rate) });
}
