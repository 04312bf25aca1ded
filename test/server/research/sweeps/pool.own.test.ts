import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sampleBars } from "../../../../server/backtest/checks/sample-bars.ts";
import type { SweepPlan } from "../../../../server/backtest/sweep/types.ts";
import { createSweepPool } from "../../../../server/research/sweeps/pool.ts";
import { settingsWith } from "../../backtest/support.ts";
import { strategyFile } from "../workspace/files.ts";

const dir = mkdtempSync(join(tmpdir(), "barline-own-sweep-"));
const pool = createSweepPool({ size: 1, idleMs: 1000, limits: { silentMs: 1000, memory: 2 ** 32 } });
afterAll(() => {
  pool.close();
  rmSync(dir, { recursive: true });
});

const planOf = (strategy: string): SweepPlan => ({
  ...{ strategy, fixed: {}, axes: [], search: { kind: "grid" }, score: "sharpe", survivorsOnly: false },
  settings: { ...settingsWith(), riskFree: 0 },
  ...{ inSample: { from: 0, to: 200 }, outOfSample: null, windows: [] },
});

const sweep = (id: string, decide: string) => {
  const path = join(dir, `${id}.ts`);
  writeFileSync(path, strategyFile({ id, decide }));
  const source = { scope: "ticker", file: { name: `${id}.ts`, path, version: "1" }, bars: sampleBars(200) } as const;
  return pool.run(source, planOf(id), { signal: new AbortController().signal, progress: () => {} });
};

describe("a sweep of a file", () => {
  test("is run, and leaves no worker behind that has met the file", async () => {
    expect((await sweep("sound", "session % 3 === 0 ? 1 : 0")).tally).toMatchObject({ points: 1, ran: 1 });
    expect(pool.size()).toBe(0);
  });

  test("that loops is ended when its workers say nothing any more, and the next one runs", async () => {
    await expect(sweep("loops", "(() => { while (true); })()")).rejects.toThrow("did not answer for 1 second,");
    expect(pool.size()).toBe(0);
    const source = { scope: "ticker", file: null, bars: sampleBars(200) } as const;
    const signal = new AbortController().signal;
    expect((await pool.run(source, planOf("buy_and_hold"), { signal, progress: () => {} })).tally.ran).toBe(1);
  });

  test("that throws says where", async () => {
    await expect(sweep("throws", "close.nothing.here")).rejects.toThrow(/^throws\.ts, line 10: undefined is not/);
  });
});
