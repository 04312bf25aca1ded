import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../support/until.ts";
import { spawnBarline } from "./support.ts";

/** A runner such as `bun run` or npm passes on the Ctrl-C that the terminal sent to the process already. */
test("a Ctrl-C that arrives twice stops it in good order: code 0, and no server left behind", async () => {
  for (;;) {
    const { code, ms, hasServer } = await interruptTwice();
    // Signals more than a second apart are two wishes: a machine that was that slow has to be asked again.
    if (code !== 0 && ms > sameWishMs) continue;
    expect({ code, hasServer }).toEqual({ code: 0, hasServer: false });
    return;
  }
}, 120_000);

const sameWishMs = 1000;

/** Starts it and sends it two signals; answers how it ended, and how long after the first one. */
async function interruptTwice(): Promise<{ code: number; ms: number; hasServer: boolean }> {
  const dataDir = await mkdtemp(join(tmpdir(), "barline-signals-"));
  await chmod(dataDir, 0o755);
  const { process: child, output, ended } = spawnBarline(dataDir, { CATCHUP: "none" });
  await until("it serves", () => output().includes("Barline is at"), 45_000);
  const first = performance.now();
  child.kill("SIGINT");
  await until("it is stopping", () => output().includes("stopping"));
  child.kill("SIGINT");
  const { code } = await ended();
  const ms = performance.now() - first;
  const hasServer = existsSync(join(dataDir, "postgres", "postmaster.pid"));
  await rm(dataDir, { recursive: true });
  return { code, ms, hasServer };
}
