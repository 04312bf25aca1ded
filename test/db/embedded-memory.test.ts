import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { platform, tmpdir } from "node:os";
import { join } from "node:path";
import { readServerMemory } from "../../db/embedded-memory.ts";

async function inFolder<T>(work: (cluster: string) => Promise<T>): Promise<T> {
  const cluster = await mkdtemp(join(tmpdir(), "barline-memory-"));
  try {
    return await work(cluster);
  } finally {
    await rm(cluster, { recursive: true, force: true });
  }
}

test("nobody knows the memory of a server that does not run", async () => {
  expect(await inFolder(readServerMemory)).toBeNull();
});

test.skipIf(platform() !== "linux")("a server's memory is that of all its processes", async () => {
  const child = Bun.spawn(["sh", "-c", "read held"], { stdin: "pipe" });
  try {
    const [alone, both] = await inFolder(async (cluster) => {
      const of = async (pid: number) => {
        await writeFile(join(cluster, "postmaster.pid"), `${pid}\n`);
        return await readServerMemory(cluster);
      };
      return [await of(child.pid), await of(process.pid)];
    });
    expect(alone).toBeGreaterThan(0);
    expect(both).toBeGreaterThan(alone ?? Number.POSITIVE_INFINITY);
  } finally {
    child.kill();
    await child.exited;
  }
});
