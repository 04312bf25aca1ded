import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { BackupError, checkBackupFile, createBackupFile, openBackupFile } from "../../../db/backup/frames.ts";
import type { BackupHeader } from "../../../db/backup/header.ts";

const header: BackupHeader = {
  format: "barline backup 1",
  version: "0.1.0",
  writtenAt: "2020-01-02T00:00:00.000Z",
  migrations: { count: 1, newest: 1 },
  tables: [],
  views: [],
  sequences: [],
  lake: { place: "data/lake/test", included: true },
};
const parts = [
  { part: { kind: "table", schema: "public", name: "bars" }, chunks: ["AAPL\t1\n", "", "MSFT\t2\n"] },
  { part: { kind: "table", schema: "public", name: "empty" }, chunks: [] },
  { part: { kind: "object", key: "raw/größe.json.gz" }, chunks: ["x".repeat(3_000_000)] },
] as const;

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "barline-backup-"));
  file = join(folder, "whole");
  const writer = await createBackupFile(file, header);
  for (const { part, chunks } of parts) await writer.part(part, bytesOf(chunks));
  await writer.close();
});
afterAll(() => rm(folder, { recursive: true }));

async function* bytesOf(chunks: readonly string[]) {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

async function checkBytes(bytes: Uint8Array): Promise<unknown> {
  const path = join(folder, "changed");
  await writeFile(path, bytes);
  return await checkBackupFile(path).catch((error: unknown) => error);
}

test("a backup's file reads as it was written, and only its owner may read it", async () => {
  const reader = await openBackupFile(file);
  expect(reader.header).toEqual(header);
  const read: unknown[] = [];
  for await (const { part, bytes } of reader.parts) {
    read.push({ part, text: Buffer.concat(await Array.fromAsync(bytes)).toString() });
  }
  expect(read).toEqual(parts.map(({ part, chunks }) => ({ part, text: chunks.join("") })));
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test("parts that nobody reads are skipped, and compared all the same", async () => {
  expect(await checkBackupFile(file)).toEqual(header);
});

test("a file that is there is not written over", async () => {
  await expect(createBackupFile(file, header)).rejects.toThrow("EEXIST");
  expect(await checkBackupFile(file)).toEqual(header);
});

test("a file that is cut off is refused, or was read to its last part", async () => {
  const whole = await readFile(file);
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: whole.byteLength - 1 }), async (length) => {
      const seen = await checkBytes(whole.subarray(0, length));
      // The packing's own last bytes hold nothing.
      if (!(seen instanceof BackupError)) expect(length).toBeGreaterThanOrEqual(whole.byteLength - 16);
    }),
    { numRuns: 60 },
  );
});

test("a file with another bit anywhere is refused, or reads the same", async () => {
  const whole = await readFile(file);
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: whole.byteLength - 1 }), fc.nat({ max: 7 }), async (place, bit) => {
      const changed = Buffer.from(whole);
      changed[place] = (changed[place] ?? 0) ^ (1 << bit);
      const seen = await checkBytes(changed);
      if (!(seen instanceof BackupError)) expect(seen).toEqual(header);
    }),
    { numRuns: 100 },
  );
});

test.each([
  ["nothing", ""],
  ["text", "select 1;\n"],
])("%s is no backup", async (_, text) => {
  expect(await checkBytes(Buffer.from(text))).toBeInstanceOf(BackupError);
});

test("a file that is not there is named", async () => {
  await expect(checkBackupFile(join(folder, "none"))).rejects.toThrow(/none cannot be read: ENOENT/);
});
