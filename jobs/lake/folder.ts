import type { Dirent } from "node:fs";
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { PermanentError, RetryableError } from "../orchestrator/errors.ts";
import { errorCode, folderError } from "./folder-errors.ts";
import {
  checkKey,
  missingObject,
  type ObjectStore,
  type ObjectSummary,
  type PutOptions,
  sha256Hex,
  TEMPORARY_PREFIX,
  throwIfCancelled,
} from "./store.ts";

/** `root` holds one folder per bucket; objects lie at `<root>/<bucket>/<key>`. `now` gives milliseconds since 1970. */
export type FolderStoreOptions = { root: string; bucket: string; now?: () => number };

/**
 * How old an unfinished write must be before it counts as left by a dead process. Other processes may be writing now;
 * a write takes seconds, and one that loses its temporary file all the same is retried.
 */
const LEFTOVER_AGE_MS = 15 * 60_000;

/** A lake in a folder, for one machine: atomic, durable writes, and no key that leads out of the bucket's folder. */
export function createFolderStore({ root, bucket, now = Date.now }: FolderStoreOptions): ObjectStore {
  checkBucketName(bucket);
  const base = path.resolve(root, bucket);
  const uri = (key: string) => `s3://${bucket}/${key}`;

  return {
    put: (key, bytes, options = {}) => guarded(`write ${uri(key)}`, () => putObject(base, key, bytes, options)),
    get: (key, options = {}) =>
      guarded(`read ${uri(key)}`, async () => {
        throwIfCancelled(options.signal);
        const bytes = await readObject(base, key);
        if (bytes !== undefined) return bytes;
        if (!(await exists(base))) throw lostFolder(base);
        throw missingObject(uri(key));
      }),
    head: (key) => guarded(`look up ${uri(key)}`, () => headObject(base, key)),
    list: (prefix) => listObjects(base, prefix),
    delete: (key) =>
      guarded(`delete ${uri(key)}`, async () => {
        const file = await locate(base, key);
        if (file === undefined) return;
        await rm(file, { force: true });
        await syncFolder(path.dirname(file));
      }),
    ensureReady: () =>
      guarded(`prepare ${base}`, async () => {
        await mkdir(base, { recursive: true });
        await removeLeftovers(base, now() - LEFTOVER_AGE_MS);
      }),
    uri,
    close: () => Promise.resolve(),
  };
}

async function guarded<T>(action: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw folderError(error, action);
  }
}

/** S3's rule for bucket names, so that the same name works when the lake moves to a server. */
function checkBucketName(bucket: string): void {
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) && !bucket.includes("..")) return;
  throw new PermanentError(`${JSON.stringify(bucket)} is no bucket name.`, {
    advice: "Set S3_BUCKET to 3 to 63 lower-case letters, digits, hyphens and dots.",
  });
}

async function putObject(base: string, key: string, bytes: Uint8Array, { signal }: PutOptions) {
  checkKey(key);
  throwIfCancelled(signal);
  const target = path.join(base, key);
  const folder = path.dirname(target);
  await makeFolder(base, folder);
  const temporary = path.join(folder, `${TEMPORARY_PREFIX}${crypto.randomUUID()}`);
  try {
    await withFile(temporary, "wx", async (file) => {
      await file.writeFile(bytes);
      // The contents must be on disk before the name is, or a power cut can leave the name with half the bytes.
      await file.sync();
    });
    throwIfCancelled(signal);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
  return { size: bytes.byteLength, sha256: sha256Hex(bytes) };
}

async function readObject(base: string, key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const file = await locate(base, key);
  if (file === undefined) return undefined;
  return absentAsUndefined(() =>
    withFile(file, constants.O_RDONLY | constants.O_NOFOLLOW, async (handle) => {
      return (await handle.stat()).isFile() ? new Uint8Array(await handle.readFile()) : undefined;
    }),
  );
}

async function headObject(base: string, key: string): Promise<{ size: number } | undefined> {
  const file = await locate(base, key);
  if (file === undefined) return undefined;
  const found = await absentAsUndefined(() => stat(file));
  return found?.isFile() ? { size: found.size } : undefined;
}

/** The object's real path, or undefined where nothing is there; a symbolic link out of the bucket is refused. */
async function locate(base: string, key: string): Promise<string | undefined> {
  checkKey(key);
  return absentAsUndefined(async () => {
    const file = await realpath(path.join(base, key));
    refuseOutside(await realpath(base), file);
    return file;
  });
}

/** Creates the folder with its parents, each made durable, without ever stepping through a link out of the bucket. */
async function makeFolder(base: string, folder: string): Promise<void> {
  if (folder === base) {
    // Reached when the bucket itself has vanished: putting an object brings it back.
    await mkdir(base, { recursive: true });
    return;
  }
  const real = await absentAsUndefined(() => realpath(folder));
  if (real !== undefined) {
    refuseOutside(await realpath(base), real);
    return;
  }
  const parent = path.dirname(folder);
  await makeFolder(base, parent);
  await mkdir(folder).catch((error: unknown) => {
    if (errorCode(error) !== "EEXIST") throw error;
  });
  await syncFolder(parent);
}

function refuseOutside(realBase: string, real: string): void {
  if (real === realBase || real.startsWith(realBase + path.sep)) return;
  throw new PermanentError(`A symbolic link leads out of the lake folder ${realBase}.`, {
    advice: "Remove the link. To keep the lake on another disk, point DATA_DIR there instead.",
  });
}

/** Depth first; a folder sorts as its name with "/" behind, which makes the whole listing sort by key as S3's does. */
async function* listObjects(base: string, prefix: string): AsyncGenerator<ObjectSummary> {
  const start = await guarded(`list ${base}`, () => readFolder(base));
  if (start === undefined) throw lostFolder(base);
  yield* walk(base, "", start, prefix);
}

async function* walk(base: string, parent: string, entries: Dirent[], prefix: string): AsyncGenerator<ObjectSummary> {
  const keys = entries
    .filter((entry) => (entry.isDirectory() || entry.isFile()) && !entry.name.startsWith(TEMPORARY_PREFIX))
    .map((entry) => ({ key: `${parent}${entry.name}${entry.isDirectory() ? "/" : ""}`, isFolder: entry.isDirectory() }))
    .filter(({ key, isFolder }) => key.startsWith(prefix) || (isFolder && prefix.startsWith(key)))
    .sort((left, right) => Buffer.compare(Buffer.from(left.key), Buffer.from(right.key)));
  for (const { key, isFolder } of keys) {
    const location = path.join(base, key);
    if (isFolder) {
      const below = await guarded(`list ${location}`, () => readFolder(location));
      yield* walk(base, key, below ?? [], prefix);
    } else {
      const found = await guarded(`list ${location}`, () => absentAsUndefined(() => stat(location)));
      if (found !== undefined) yield { key, size: found.size };
    }
  }
}

function readFolder(folder: string): Promise<Dirent[] | undefined> {
  return absentAsUndefined(() => readdir(folder, { withFileTypes: true }));
}

async function removeLeftovers(folder: string, olderThanMs: number): Promise<void> {
  for (const entry of (await readFolder(folder)) ?? []) {
    const location = path.join(folder, entry.name);
    if (entry.isDirectory()) await removeLeftovers(location, olderThanMs);
    else if (entry.isFile() && entry.name.startsWith(TEMPORARY_PREFIX)) {
      const found = await absentAsUndefined(() => stat(location));
      if (found !== undefined && found.mtimeMs < olderThanMs) await rm(location, { force: true });
    }
  }
}

/** Makes a new name durable. File systems that cannot sync a folder say so; there is nothing more to do on those. */
async function syncFolder(folder: string): Promise<void> {
  try {
    await withFile(folder, "r", (handle) => handle.sync());
  } catch (error) {
    if (!["EINVAL", "EISDIR", "ENOTSUP"].includes(errorCode(error) ?? "")) throw error;
  }
}

async function withFile<T>(
  location: string,
  flags: string | number,
  work: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const file = await open(location, flags);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

async function absentAsUndefined<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

async function exists(location: string): Promise<boolean> {
  return (await absentAsUndefined(() => stat(location))) !== undefined;
}

function lostFolder(base: string): RetryableError {
  return new RetryableError(`The lake folder ${base} has vanished.`, {
    advice: "Bring the disk that holds DATA_DIR back; what is missing lands again with the next run.",
    outage: true,
  });
}
