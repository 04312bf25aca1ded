import { describe, expect, test } from "bun:test";
import { processorSeconds, watchProcessor } from "./processor.ts";

/** Uses so many seconds of a processor in a process of its own, and waits for its end. */
async function useProcessor(seconds: number): Promise<void> {
  const busy = `for (let used = 0; used < ${seconds * 1e6}; ) {
    for (let round = 0; round < 1e6; round += 1) Math.random();
    const { user, system } = process.cpuUsage();
    used = user + system;
  }`;
  await Bun.spawn([process.execPath, "-e", busy], { stdout: "ignore", stderr: "inherit" }).exited;
}

describe.if(process.platform === "linux")("processor time", () => {
  test("counts what children used, also when they have ended", async () => {
    const before = (await processorSeconds([process.pid])) ?? Number.NaN;
    await useProcessor(0.3);
    const after = (await processorSeconds([process.pid])) ?? Number.NaN;
    expect(after - before).toBeGreaterThanOrEqual(0.25);
  });

  test("until an instant is what was used from the start of the watch to then, and never falls", async () => {
    const started = new Date();
    const watch = await watchProcessor([process.pid], 10);
    await useProcessor(0.3);
    await watch.stop();
    const ended = watch.until(new Date()) ?? Number.NaN;
    expect(watch.until(started)).toBe(0);
    expect(ended).toBeGreaterThanOrEqual(0.25);
    const half = watch.until(new Date((started.getTime() + Date.now()) / 2)) ?? Number.NaN;
    expect(half).toBeGreaterThanOrEqual(0);
    expect(half).toBeLessThanOrEqual(ended);
  });

  test("of a process that is gone is unknown", async () => {
    const child = Bun.spawn([process.execPath, "-e", ""]);
    await child.exited;
    expect(await processorSeconds([child.pid])).toBeNull();
  });
});
