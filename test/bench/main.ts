import { chmodSync, mkdirSync, mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type BenchOptions, runBench } from "./bench.ts";
import { writeDocument } from "./capacity/document.ts";
import { readRecorded, writeRecorded } from "./capacity/figures.ts";
import { chooseStages, quickSizes, readSizes, stageNames, usualSizes } from "./choice.ts";
import { withFigures } from "./readme.ts";
import { runCheck } from "./recorded.ts";
import { formatReport, type Report } from "./report.ts";

const usage = `bun run bench [options]
  --only A,B          of ${stageNames.join(", ")}; all but peers and capacity.
                      peers, export, history, backtests and pages stand on the full year, or on the small one where only that is named
  --peers             DuckDB with the same answers and indicators too, as often as there are years
  --readme            write the table into README.md; with capacity, the figures into test/bench/capacity/recorded.json and the tables
                      into CAPACITY.md
  --capacity-tables   only write the tables of CAPACITY.md anew from what is recorded
  --check             only the small year, three times: fails where a processor second does 10 % fewer rows, against the floor,
                      than is recorded in test/bench/recorded.json
  --record            the same, and records what it finds
  --quick             a small market, for a check that all of it works
  --tickers N         of the full year; 11000
  --sessions N        250
  --workers N         Bun workers; CPU cores
  --encoding E        gzip (as the real API) or identity
  --reruns N          runs of one session that event latency is measured with, besides; 25
  --readers N         people who read the overview during the backfill, which slows it; 0
  --events N          events that wake an empty job, for the orchestrator's own latency; 1000
  --idle-seconds N    how long to wait for idle memory; 30
  --years N           years of history for a full refresh and the next session, 1: only the year; 10
  --sizes NxY,…       markets that the capacity is measured with, tickers by years; ${usualSizes}
  --folder DIR        where to work, and to keep the market for the next time; else a temporary folder
  --output FILE       bench-results.json
`;

const { values } = parseArgs({
  options: {
    help: { type: "boolean" },
    only: { type: "string" },
    peers: { type: "boolean", default: false },
    readme: { type: "boolean", default: false },
    "capacity-tables": { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
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
    sizes: { type: "string" },
    folder: { type: "string" },
    output: { type: "string" },
  },
});

if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}

function refuse(message: string): never {
  process.stderr.write(`${message}\n\n${usage}`);
  process.exit(2);
}

function wholeNumber(name: keyof typeof values, usual: number): number {
  const number = Number(values[name] ?? usual);
  return Number.isInteger(number) && number >= 0 ? number : refuse(`--${name} must be a whole number.`);
}

/** What is asked for, or the end of the process with the reason why it cannot be read. */
function asked<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function workFolder(): string {
  if (values.folder === undefined) return mkdtempSync(join(tmpdir(), "barline-bench-"));
  mkdirSync(values.folder, { recursive: true });
  return resolve(values.folder);
}

const options: Omit<BenchOptions, "folder"> = {
  stages: asked(() => chooseStages(values)),
  tickers: wholeNumber("tickers", values.quick ? 300 : 11_000),
  smallTickers: values.quick ? 50 : 504,
  sessions: wholeNumber("sessions", values.quick ? 40 : 250),
  workers: wholeNumber("workers", availableParallelism()),
  encoding: values.encoding === "identity" ? "identity" : "gzip",
  reruns: wholeNumber("reruns", values.quick ? 3 : 25),
  readers: wholeNumber("readers", 0),
  events: wholeNumber("events", values.quick ? 50 : 1000),
  idleSeconds: wholeNumber("idle-seconds", values.quick ? 0 : 30),
  years: wholeNumber("years", values.quick ? 3 : 10),
  sizes: asked(() => readSizes(values.sizes ?? (values.quick ? quickSizes : usualSizes))),
  pages: values.quick ? { runs: 100, requests: 5 } : { runs: 2600, requests: 40 },
  machine: { cpus: availableParallelism(), memoryBytes: totalmem(), runtime: `Bun ${Bun.version}` },
  say: (line) => process.stderr.write(`${line}\n`),
};

/** Answers whether all is well. */
async function measure(folder: string): Promise<boolean> {
  if (values["capacity-tables"]) {
    await writeDocument(await readRecorded());
    return true;
  }
  if (values.check || values.record) {
    const { passes, sentences } = await runCheck({ ...options, folder }, values.record);
    process.stdout.write(`${sentences.join("\n")}\n`);
    return passes;
  }
  const report = await runBench({ ...options, folder });
  await Bun.write(values.output ?? "bench-results.json", `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write(formatReport(report));
  const isRight = report.problems.length === 0;
  // Figures of wrong results are none.
  if (values.readme && isRight) await write(report);
  return isRight;
}

/** Into the documents, what the stages that were asked for have found. */
async function write(report: Report): Promise<void> {
  if (report.capacity !== null) {
    await writeRecorded(report.capacity);
    await writeDocument(report.capacity);
  }
  if ([...options.stages].every((stage) => stage === "capacity")) return;
  const readme = fileURLToPath(new URL("../../README.md", import.meta.url));
  await Bun.write(readme, withFigures(await Bun.file(readme).text(), report));
}

const folder = workFolder();
// The system's postgres user, which runs the server where we are root, must reach its files.
chmodSync(folder, 0o755);
try {
  process.exitCode = (await measure(folder)) ? 0 : 1;
} finally {
  if (values.folder === undefined) await rm(folder, { recursive: true, force: true });
}
process.exit();
