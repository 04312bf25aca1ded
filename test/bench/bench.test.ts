import { expect, test } from "bun:test";
import { chmodSync, mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jobIds } from "../../jobs/pipeline.ts";
import { runBench } from "./bench.ts";
import { findMarket, makeMarket } from "./market.ts";
import { formatReport } from "./report.ts";

test("the benchmark on a small market finds the results right and fills every field of its report", async () => {
  const folder = mkdtempSync(join(tmpdir(), "barline-bench-test-"));
  chmodSync(folder, 0o755);
  try {
    const report = await runBench({
      folder,
      tickers: 200,
      sessions: 30,
      workers: 2,
      encoding: "gzip",
      reruns: 1,
      readers: 2,
      events: 5,
      idleSeconds: 0,
      years: 3,
      machine: { cpus: 2, memoryBytes: 8e9, runtime: "Bun" },
      say: () => {},
    });
    expect(report.problems).toEqual([]);
    expect(report.market).toEqual({ tickers: 200, sessions: 30, rows: 6000, encoding: "gzip" });
    expect(report.pipeline.stages.map((stage) => stage.job).sort()).toEqual(Object.values(jobIds).sort());
    // One call a session of the year, one for the next, and one for each time it is added or run again.
    expect(report.calls.grouped).toBe(30 + 1 + 3 + 1);
    for (const figure of [
      report.pipeline.wallSeconds,
      report.pipeline.rowsPerSecond,
      report.nextSessionSeconds,
      report.latencyMs.count,
      report.latencyMs.p99,
      report.eventsMs.p99,
      report.overview?.requests,
      report.overview?.p95,
      report.floor.copyOne,
      report.floor.copyTwo,
      report.floor.models,
      report.ratioToFloor,
      report.history?.fullRefreshSeconds,
      report.history?.nextSessionSeconds,
      report.backtests.engine.times.p50,
      report.backtests.request.times.p95,
      report.backtests.page.times.p95,
      report.backtests.sweep.times.least,
      report.backtests.sweep.floor,
      report.backtests.universe.times.least,
    ]) {
      expect(figure).toBeGreaterThan(0);
    }
    expect(report.history).toMatchObject({ years: 3, rows: 3 * 6000 });
    expect(report.backtests).toMatchObject({ tickers: 200, sessions: 3 * 30 + 1, sweep: { points: 100 } });
    const onLinux = process.platform === "linux";
    for (const bytes of Object.values(report.memoryBytes)) {
      if (onLinux) expect(bytes).toBeGreaterThan(1e6);
    }
    expect(formatReport(report)).toContain("Results are right.");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 240_000);

test("the market is the same each time, and one of another size is not taken for it", async () => {
  const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), "barline-bench-test-")));
  const size = { tickers: 30, sessions: 5 };
  try {
    const [first, second] = await Promise.all(folders.map((folder) => makeMarket(folder, size)));
    if (!first || !second) throw new Error("Both are made.");
    expect(first.totals).toEqual(second.totals);
    expect(first.totals.rows).toBe(150);
    const contents = (path: string) => Bun.file(path).text();
    expect(await Promise.all(first.copyFiles.map(contents))).toEqual(await Promise.all(second.copyFiles.map(contents)));
    expect(await findMarket(first.folder, size)).toEqual(first);
    expect(await findMarket(first.folder, { ...size, sessions: 6 })).toBeUndefined();
  } finally {
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  }
});
