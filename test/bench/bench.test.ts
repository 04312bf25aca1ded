import { expect, test } from "bun:test";
import { chmodSync, mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jobIds } from "../../jobs/pipeline.ts";
import { runBench } from "./bench.ts";
import type { StageName } from "./choice.ts";
import { findMarket, makeMarket } from "./market.ts";
import { withFigures } from "./readme.ts";
import { formatReport } from "./report.ts";

const readme = await Bun.file(join(import.meta.dir, "../../README.md")).text();

test("the benchmark on a small market finds the results right and fills every field of its report", async () => {
  const folder = mkdtempSync(join(tmpdir(), "barline-bench-test-"));
  chmodSync(folder, 0o755);
  try {
    const report = await runBench({
      folder,
      stages: new Set<StageName>(["full-year", "peers", "events", "history", "backtests", "pages", "capacity"]),
      tickers: 200,
      smallTickers: 0,
      sessions: 30,
      workers: 2,
      encoding: "gzip",
      reruns: 1,
      readers: 2,
      events: 5,
      idleSeconds: 0,
      years: 3,
      sizes: [{ tickers: 20, years: 1 }],
      pages: { runs: 20, requests: 2 },
      machine: { cpus: 2, memoryBytes: 8e9, runtime: "Bun" },
      say: () => {},
    });
    expect(report.problems).toEqual([]);
    expect(report.smallYear).toBeNull();
    const { fullYear: year, eventsMs, history, backtests, pages, capacity } = report;
    expect(year?.market).toEqual({ tickers: 200, sessions: 30, rows: 6000, encoding: "gzip" });
    expect(year?.pipeline.stages.map((stage) => stage.job).sort()).toEqual(
      [jobIds.ingest, jobIds.load, jobIds.transform].sort(),
    );
    // One call a session of the year, one for the next, and one for each time it is added or run again.
    expect(year?.calls.grouped).toBe(30 + 1 + 3 + 1);
    for (const figure of [
      year?.pipeline.wallSeconds,
      year?.pipeline.rowsPerSecond,
      year?.onTop?.nextSessionSeconds,
      year?.onTop?.latencyMs.count,
      year?.onTop?.latencyMs.p99,
      year?.overview?.requests,
      year?.overview?.p95,
      year?.floor.copyOne,
      year?.floor.copyTwo,
      year?.floor.models,
      year?.ratioToFloor,
      year?.disk.data,
      year?.disk.wal,
      year?.disk.lake,
      year?.peer?.seconds,
      year?.peer?.ratio,
      eventsMs?.p99,
      history?.fullRefreshSeconds,
      history?.nextSessionSeconds,
      backtests?.engine.times.p50,
      backtests?.request.times.p95,
      backtests?.page.times.p95,
      backtests?.sweep.times.least,
      backtests?.sweep.floor,
      backtests?.manyPoints.times.first,
      backtests?.universe.times.least,
      ...(pages?.alone ?? []).flatMap(({ p95, bytes }) => [p95, bytes]),
      ...(pages?.together ?? []).map(({ p95 }) => p95),
    ]) {
      expect(figure).toBeGreaterThan(0);
    }
    expect(pages).toMatchObject({ runs: 20, alone: [{}, {}], together: [{ requests: 20 }, { requests: 20 }] });
    expect(history).toMatchObject({ years: 3, rows: 3 * 6000 });
    expect(backtests).toMatchObject({
      tickers: 200,
      sessions: 3 * 30 + 1,
      sweep: { points: 100 },
      manyPoints: { points: 1000 },
    });
    expect(capacity?.sizes).toMatchObject([{ tickers: 20, sessions: 30 }]);
    // Nothing of so small a market is sorted on disk.
    for (const { costs, build } of capacity?.sizes ?? [])
      for (const cost of [...Object.values({ ...costs, temporary: 1 }), build.seconds]) expect(cost).toBeGreaterThan(0);
    if (process.platform === "linux") {
      for (const bytes of Object.values(year?.onTop?.memoryBytes ?? {})) expect(bytes).toBeGreaterThan(1e6);
      for (const part of [year?.processor?.barline, year?.processor?.floor])
        for (const used of [part?.load, part?.transform]) expect(used).toBeGreaterThan(0);
    }
    expect(formatReport(report)).toContain("Results are right.");
    const marksOf = (text: string) => [...text.matchAll(/<!-- .* -->/g)].map(String);
    const written = withFigures(readme, report);
    expect(marksOf(written)).toEqual(marksOf(readme));
    expect(written).toContain("**200 tickers × 30 sessions, 6,000 bars**");
    // What was there before is gone, and what stands around it is not.
    expect(written).not.toContain("11,000 tickers ×");
    expect(written.length).toBeGreaterThan(readme.length - 3000);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 480_000);

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
