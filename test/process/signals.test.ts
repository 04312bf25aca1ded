import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../support/until.ts";
import { spawnBarline } from "./support.ts";

/** A runner such as `bun run` or npm passes on the Ctrl-C that the terminal sent to the process already. */
test("a Ctrl-C that arrives twice stops it in good order: code 0, and no server left behind", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "barline-signals-"));
  await chmod(dataDir, 0o755);
  const { process: child, output } = spawnBarline(dataDir, { CATCHUP: "none" });
  await until("it serves", () => output().includes("Barline is at"), 30_000);
  child.kill("SIGINT");
  await until("it is stopping", () => output().includes("stopping"), 5000);
  child.kill("SIGINT");
  expect(await child.exited).toBe(0);
  expect(existsSync(join(dataDir, "postgres", "postmaster.pid"))).toBe(false);
  await rm(dataDir, { recursive: true });
});
