import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { until } from "./until.ts";

const root = join(import.meta.dir, "../..");

/** A process that nobody has collected yet is there, but has no command any more. */
async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "not on this system")) !== "";
}

test.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)(
  "a run of tests that %s ends leaves neither its PostgreSQL nor the folder of it behind",
  async (signal) => {
    const child = Bun.spawn([process.execPath, "test", "./test/support/interrupted.fixture.ts"], {
      cwd: root,
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    let said = "";
    const reading = (async () => {
      for await (const chunk of child.stderr) said += Buffer.from(chunk).toString();
    })();
    const cluster = await until("its server is up", () => /server in (\S+)/.exec(said)?.[1]);
    const pid = Number((await readFile(join(cluster, "postmaster.pid"), "utf8")).split("\n")[0]);
    expect(await isRunning(pid)).toBe(true);
    child.kill(signal);
    await child.exited;
    await until("its server has ended", async () => !(await isRunning(pid)));
    await until("its folder is gone", () => !existsSync(dirname(cluster)));
    await reading;
  },
);
