import { chmodSync, mkdirSync, mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type BenchOptions, runBench } from "./bench.ts";
import { formatReport } from "./report.ts";

const usage = `bun run bench [options]
  --quick             a small market, for a check that all of it works
  --tickers N         11000
  --sessions N        250
  --workers N         Bun workers; CPU cores
  --encoding E        gzip (as the real API) or identity
  --reruns N          runs of one session that event latency is measured with, besides; 25
  --readers N         people who read the overview during the backfill, which slows it; 0
  --events N          events that wake an empty job, for the orchestrator's own latency; 1000
  --idle-seconds N    how long to wait for idle memory; 30
  --years N           years of history for a full refresh and the next session, 1: only the year; 10
  --folder DIR        where to work, and to keep the market for the next time; else a temporary folder
  --output FILE       bench-results.json
`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean" },
    quick: { type: "boolean", default: false },
    tickers: { type: "string" },
    sessions: { type: "string" },
    workers: { type: "string" },
    encoding: { type: "string" },
    reruns: { type: "string" },
    readers: { type: "string" },
    events: { type: "string" },
    "idle-seconds": { type: "string" },
    years: { type: "string" },
    folder: { type: "string" },
    output: { type: "string" },
  },
});

if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}

function wholeNumber(name: keyof typeof values, usual: number): number {
  const number = Number(values[name] ?? usual);
  if (Number.isInteger(number) && number >= 0) return number;
  process.stderr.write(`--${name} must be a whole number.\n\n${usage}`);
  process.exit(2);
}

function workFolder(): string {
  if (values.folder === undefined) return mkdtempSync(join(tmpdir(), "barline-bench-"));
  mkdirSync(values.folder, { recursive: true });
  return resolve(values.folder);
}

const folder = workFolder();
// The system's postgres user, which runs the server where we are root, must reach its files.
chmodSync(folder, 0o755);
const options: BenchOptions = {
  folder,
  tickers: wholeNumber("tickers", values.quick ? 300 : 11_000),
  sessions: wholeNumber("sessions", values.quick ? 40 : 250),
  workers: wholeNumber("workers", availableParallelism()),
  encoding: values.encoding === "identity" ? "identity" : "gzip",
  reruns: wholeNumber("reruns", values.quick ? 3 : 25),
  readers: wholeNumber("readers", 0),
  events: wholeNumber("events", values.quick ? 50 : 1000),
  idleSeconds: wholeNumber("idle-seconds", values.quick ? 0 : 30),
  years: wholeNumber("years", values.quick ? 3 : 10),
  machine: { cpus: availableParallelism(), memoryBytes: totalmem(), runtime: `Bun ${Bun.version}` },
  say: (line) => process.stderr.write(`${line}\n`),
};

try {
  const report = await runBench(options);
  await Bun.write(values.output ?? "bench-results.json", `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write(formatReport(report));
  process.exitCode = report.problems.length === 0 ? 0 : 1;
} finally {
  if (values.folder === undefined) await rm(folder, { recursive: true, force: true });
}
process.exit();
