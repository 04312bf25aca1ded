import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { gzip } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import type { IndicatorSums, PeerRun } from "./peer.ts";

/**
 * What a person would write instead of us, in a process of its own: a year's answers fetched four at a time and kept gzipped, and DuckDB
 * for the same indicators (peer.sql). Nothing checks, tests or goes on after a failure. Prints a {@link PeerRun}.
 */
const { values } = parseArgs({
  options: {
    url: { type: "string", default: "" },
    key: { type: "string", default: "" },
    from: { type: "string", default: "" },
    to: { type: "string", default: "" },
    folder: { type: "string", default: "." },
  },
});

const fetchers = 4;
const zip = promisify(gzip);
const dayMs = 24 * 60 * 60 * 1000;

async function get(url: string): Promise<Response> {
  const answer = await fetch(url, { headers: { authorization: `Bearer ${values.key}` } });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}.`);
  return answer;
}

/** Monday to Friday: without a calendar, holidays are asked for too. */
function weekdays(from: string, to: string): string[] {
  const days: string[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += dayMs) {
    const day = new Date(at);
    if (day.getUTCDay() % 6 !== 0) days.push(day.toISOString().slice(0, 10));
  }
  return days;
}

async function fetchAnswers(raw: string): Promise<void> {
  const waiting = weekdays(values.from, values.to);
  const work = async () => {
    for (let day = waiting.shift(); day !== undefined; day = waiting.shift()) {
      const path = `/v2/aggs/grouped/locale/us/market/stocks/${day}?adjusted=false`;
      const body = Buffer.from(await (await get(`${values.url}${path}`)).arrayBuffer());
      if (body.includes('"results"')) await writeFile(join(raw, `${day}.json.gz`), await zip(body, { level: 1 }));
    }
  };
  await Promise.all(Array.from({ length: fetchers }, work));
}

async function fetchSplits(path: string): Promise<void> {
  const splits: unknown[] = [];
  let url: string | undefined = `${values.url}/stocks/v1/splits?limit=5000`;
  while (url !== undefined) {
    const page = (await (await get(url)).json()) as { results?: unknown[]; next_url?: string };
    splits.push(...(page.results ?? []));
    url = page.next_url;
  }
  await writeFile(path, JSON.stringify(splits));
}

const started = performance.now();
const raw = join(values.folder, "raw");
await mkdir(raw, { recursive: true });
await fetchAnswers(raw);
await fetchSplits(join(values.folder, "splits.json"));
const fetchSeconds = (performance.now() - started) / 1000;
const statements = await Bun.file(new URL("peer.sql", import.meta.url)).text();
// The statements name files of the folder.
process.chdir(values.folder);
const instance = await DuckDBInstance.create("warehouse.duckdb");
const connection = await instance.connect();
await connection.run(statements);
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage();
const found = await connection.runAndReadAll(`
  select
    count(*)::int as rows,
    sum(close_price) as close_price, sum(volume_weighted_average_price) as volume_weighted_average_price,
    sum(volume) as volume, sum(transactions)::double as transactions, sum(dollar_volume) as dollar_volume,
    sum(abs(return_1d)) as return_1d, sum(abs(return_63d)) as return_63d, sum(moving_avg_20d) as moving_avg_20d,
    sum(moving_avg_200d) as moving_avg_200d, sum(volatility_20d) as volatility_20d, sum(volatility_60d) as volatility_60d,
    sum(rsi_14) as rsi_14, sum(bollinger_upper_20d) as bollinger_upper_20d, sum(atr_14) as atr_14,
    sum(high_252d) as high_252d, sum(low_252d) as low_252d, sum(abs(drawdown_252d)) as drawdown_252d,
    sum(volume_ratio_20d) as volume_ratio_20d
  from facts`);
const [sums] = found.getRowObjects() as IndicatorSums[];
connection.closeSync();
instance.closeSync();
const run: PeerRun = { seconds, fetchSeconds, processorSeconds: (user + system) / 1e6, sums: sums ?? { rows: 0 } };
process.stdout.write(JSON.stringify(run));
process.exit();
