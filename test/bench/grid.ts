import { Hono } from "hono";
import { compress } from "hono/compress";
import { jobIds } from "../../jobs/pipeline.ts";
import { openDashboard } from "../server/dashboard.ts";
import { stopTestServer } from "../support/database.ts";
import { addHistory } from "../support/history.ts";

/** Times the grid as a browser gets it, with ten years of runs of every job: `bun test/bench/grid.ts`. */

const sessions = 2600;
const warmUps = 15;
const requests = 40;

const views: [string, string][] = [
  ["default: 50 runs of each job", "/grid"],
  ["100 runs of each job", "/grid?limit=100"],
  ["365 runs of each job", "/grid?limit=365"],
  ["2,500 runs of ingest", `/grid?limit=2500&job=${jobIds.ingest}`],
  ["2,500 runs of load", `/grid?limit=2500&job=${jobIds.load}`],
  ["2,500 runs of transform", `/grid?limit=2500&job=${jobIds.transform}`],
  ["2,500 runs of each job", "/grid?limit=2500"],
  ["failed ingests of all years", `/grid?limit=2500&state=failed&job=${jobIds.ingest}`],
  ["one year's sessions, all jobs", "/grid?limit=365&from=2015-01-01&to=2015-12-31"],
];

const dashboard = await openDashboard();
await addHistory(dashboard.sql, sessions);
const app = new Hono().use(compress()).route("/", dashboard.app);

async function time(path: string, headers: Record<string, string>) {
  const times: number[] = [];
  let bytes = 0;
  for (let index = 0; index < warmUps + requests; index += 1) {
    const started = performance.now();
    const response = await app.request(`http://localhost:3000${path}`, { headers });
    bytes = (await response.arrayBuffer()).byteLength;
    if (index >= warmUps) times.push(performance.now() - started);
    if (response.status !== 200) throw new Error(`${path} answers ${response.status}`);
  }
  times.sort((one, other) => one - other);
  return { least: times[0] ?? 0, p50: times[requests / 2] ?? 0, p95: times[Math.floor(requests * 0.95)] ?? 0, bytes };
}

for (const [name, path] of views) {
  const plain = await time(path, {});
  const zipped = await time(path, { "Accept-Encoding": "gzip" });
  const tell = ({ least, p50, p95, bytes }: typeof plain) =>
    `least ${least.toFixed(1)} ms, p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms, ${(bytes / 1000).toFixed(0)} kB`;
  process.stdout.write(`${name}: ${tell(plain)}; gzip ${tell(zipped)}\n`);
}
await dashboard.close();
stopTestServer();
