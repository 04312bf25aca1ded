import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { createFolderStore } from "../../../jobs/lake/folder.ts";
import { folderError } from "../../../jobs/lake/folder-errors.ts";
import { PermanentError, RetryableError } from "../../../jobs/orchestrator/errors.ts";

const bytes = new TextEncoder().encode("secret");
const NOW = Date.UTC(2025, 0, 2, 12);

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "barline-folder-"));
});
afterEach(() => rm(root, { recursive: true }));

async function ready() {
  const store = createFolderStore({ root: path.join(root, "lake"), bucket: "test", now: () => NOW });
  await store.ensureReady();
  return { store, base: path.join(root, "lake", "test") };
}

async function keysOf(store: ReturnType<typeof createFolderStore>) {
  return (await Array.fromAsync(store.list(""))).map(({ key }) => key);
}

describe("folder store", () => {
  test("keeps an object at root/bucket/key, and nothing else", async () => {
    const { store, base } = await ready();
    await store.put("a/b.json", bytes);
    expect(await readFile(path.join(base, "a/b.json"))).toEqual(Buffer.from(bytes));
    expect(await readdir(path.join(base, "a"))).toEqual(["b.json"]);
  });

  test("lists capitals before small letters and characters beyond the basic plane last, as S3 does", async () => {
    const { store } = await ready();
    for (const key of ["a", "B", "\u{1f600}", "\uffee", "é"]) await store.put(key, bytes);
    expect(await keysOf(store)).toEqual(["B", "a", "é", "\uffee", "\u{1f600}"]);
  });

  test("shows the old object, and no other, where a process died in the middle of a write", async () => {
    const { store, base } = await ready();
    await store.put("a/key", bytes);
    await writeFile(path.join(base, "a/.tmp-of-a-dead-process"), "half of the new ver");
    expect(await store.get("a/key")).toEqual(bytes);
    expect(await keysOf(store)).toEqual(["a/key"]);
  });

  test("clears what dead processes left, and spares the writes of living ones", async () => {
    const { store, base } = await ready();
    await store.put("a/key", bytes);
    for (const [name, minutes] of [
      ["old", 16],
      ["young", 14],
    ] as const) {
      const leftover = path.join(base, "a", `.tmp-${name}`);
      await writeFile(leftover, "half");
      const writtenAt = new Date(NOW - minutes * 60_000);
      await utimes(leftover, writtenAt, writtenAt);
    }
    await store.ensureReady();
    expect((await readdir(path.join(base, "a"))).toSorted()).toEqual([".tmp-young", "key"]);
  });

  test("leaves no temporary file behind when a write fails", async () => {
    const { store, base } = await ready();
    await mkdir(path.join(base, "taken", "below"), { recursive: true });
    await expect(store.put("taken", bytes)).rejects.toBeInstanceOf(PermanentError);
    await store.put("object", bytes);
    await expect(store.put("object/below", bytes)).rejects.toBeInstanceOf(PermanentError);
    expect((await readdir(base)).toSorted()).toEqual(["object", "taken"]);
  });

  test("follows no symbolic link out of the bucket, neither to read nor to write", async () => {
    const { store, base } = await ready();
    const outside = path.join(root, "outside");
    await mkdir(outside);
    await writeFile(path.join(outside, "file"), "private");
    await symlink(outside, path.join(base, "link"));
    await symlink(path.join(outside, "file"), path.join(base, "file-link"));
    for (const key of ["link/file", "file-link"]) {
      await expect(store.get(key)).rejects.toThrow("symbolic link leads out");
      await expect(store.head(key)).rejects.toThrow("symbolic link leads out");
      await expect(store.delete(key)).rejects.toThrow("symbolic link leads out");
    }
    await expect(store.put("link/new", bytes)).rejects.toThrow("symbolic link leads out");
    await expect(store.put("link/deep/new", bytes)).rejects.toThrow("symbolic link leads out");
    expect(await readdir(outside)).toEqual(["file"]);
    expect(await keysOf(store)).toEqual([]);
    await store.put("file-link", bytes);
    expect(await readFile(path.join(outside, "file"), "utf8")).toBe("private");
  });

  test("works in a folder that is itself reached through a link", async () => {
    await mkdir(path.join(root, "disk"));
    await symlink(path.join(root, "disk"), path.join(root, "lake"));
    const { store } = await ready();
    await store.put("a/b", bytes);
    expect(await store.get("a/b")).toEqual(bytes);
  });

  test("either refuses a key or keeps it inside the bucket", async () => {
    const { store, base } = await ready();
    const segment = fc.oneof(
      fc.constantFrom("..", ".", "", "a", "~", "\\", "%2e%2e", "\0"),
      fc.string({ unit: "binary" }),
    );
    const key = fc.array(segment, { minLength: 1, maxLength: 5 }).map((segments) => segments.join("/"));
    await fc.assert(
      fc.asyncProperty(key, async (candidate) => {
        const taken = await store.put(candidate, bytes).catch((error: unknown) => error);
        if (taken instanceof Error) expect(taken).toBeInstanceOf(PermanentError);
        else {
          expect(path.resolve(base, candidate).startsWith(`${base}${path.sep}`)).toBe(true);
          expect(await store.get(candidate)).toEqual(bytes);
          await rm(base, { recursive: true });
        }
      }),
      { numRuns: 150 },
    );
    expect(await readdir(root)).toEqual(["lake"]);
    expect((await readdir(path.join(root, "lake"))).filter((name) => name !== "test")).toEqual([]);
  });

  test.each(["", "a", "../up", "a/b", "UPPER", "a..b"])("refuses the bucket name %p", (bucket) => {
    expect(() => createFolderStore({ root, bucket })).toThrow("is no bucket name");
  });
});

describe("folder errors", () => {
  const systemError = (code: string) => Object.assign(new Error(`${code}: of the system`), { code });

  test.each(["ENOSPC", "EDQUOT", "EIO", "EMFILE", "ENOENT", "EUNHEARDOF"])("retries after %s", (code) => {
    const error = folderError(systemError(code), "write s3://test/a");
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({
      message: expect.stringContaining(code),
      advice: expect.stringContaining("DATA_DIR"),
    });
  });

  test("waits for a full disk, but lets an unknown fault run out of tries", () => {
    expect(folderError(systemError("ENOSPC"), "write")).toMatchObject({ outage: true });
    expect(folderError(systemError("EUNHEARDOF"), "write")).toMatchObject({ outage: false });
  });

  test.each(["EACCES", "EPERM", "EROFS", "ENOTDIR", "EISDIR"])("stops at %s and says what to do", (code) => {
    const error = folderError(systemError(code), "write s3://test/a");
    expect(error).toBeInstanceOf(PermanentError);
    expect(error).toMatchObject({
      message: expect.stringContaining(code),
      advice: expect.stringContaining("DATA_DIR"),
    });
  });

  test("leaves errors alone that are not the file system's", () => {
    const bug = new TypeError("a bug");
    expect(folderError(bug, "write")).toBe(bug);
  });
});
