import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type LakeOptions, openLake } from "../../../jobs/lake/open.ts";
import type { ObjectStore } from "../../../jobs/lake/store.ts";
import { CancelledError, PermanentError, RetryableError } from "../../../jobs/orchestrator/errors.ts";
import { type S3Server, startS3 } from "../../support/s3.ts";

type Backend = {
  options(bucket: string): LakeOptions;
  loseBucket(bucket: string): Promise<void>;
  stop(): Promise<void>;
};

async function startFolder(): Promise<Backend> {
  const root = await mkdtemp(path.join(tmpdir(), "barline-lake-"));
  return {
    options: (bucket) => ({ kind: "folder", root, bucket }),
    loseBucket: (bucket) => rm(path.join(root, bucket), { recursive: true }),
    stop: () => rm(root, { recursive: true }),
  };
}

async function startServer(): Promise<Backend> {
  const server: S3Server = await startS3();
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  return {
    options: (bucket) => ({ kind: "s3", bucket, endpoint, region, accessKeyId, secretAccessKey }),
    loseBucket: server.loseBucket,
    stop: server.stop,
  };
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  return (await Array.fromAsync(store.list(prefix))).map(({ key }) => key);
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

for (const [name, start] of [
  ["folder store", startFolder],
  ["S3 store", startServer],
] as const) {
  describe(name, () => {
    let backend: Backend;
    const opened: ObjectStore[] = [];
    let buckets = 0;

    beforeAll(async () => {
      backend = await start();
    });
    afterAll(async () => {
      for (const store of opened) await store.close();
      await backend.stop();
    });

    function open(bucket = `bucket-${++buckets}`): ObjectStore {
      const store = openLake(backend.options(bucket));
      opened.push(store);
      return store;
    }
    async function ready(bucket?: string): Promise<ObjectStore> {
      const store = open(bucket);
      await store.ensureReady();
      return store;
    }

    test("gives back the bytes it was given, several megabytes of every value", async () => {
      const store = await ready();
      const bytes = Uint8Array.from({ length: 3_000_001 }, (_, index) => (index * 31 + (index >> 8)) & 255);
      expect(await store.put("a/b.bin", bytes)).toEqual({ size: 3_000_001, sha256: sha256(bytes) });
      expect(sha256(await store.get("a/b.bin"))).toBe(sha256(bytes));
      expect(await store.head("a/b.bin")).toEqual({ size: 3_000_001 });
    });

    test("gives back gzip bytes packed, whatever content encoding they are labelled with", async () => {
      const store = await ready();
      const packed = Bun.gzipSync(bytesOf("x".repeat(5000)));
      await store.put("labelled.json.gz", packed, { contentType: "application/json", contentEncoding: "gzip" });
      await store.put("plain.json.gz", packed, { contentType: "application/gzip" });
      expect(Buffer.compare(await store.get("plain.json.gz"), packed)).toBe(0);
      expect(Buffer.compare(await store.get("labelled.json.gz"), packed)).toBe(0);
    });

    test("holds an empty object", async () => {
      const store = await ready();
      await store.put("empty", new Uint8Array());
      expect(await store.head("empty")).toEqual({ size: 0 });
      expect((await store.get("empty")).byteLength).toBe(0);
    });

    test("replaces an object that is put again", async () => {
      const store = await ready();
      await store.put("key", bytesOf("a longer first version"));
      await store.put("key", bytesOf("second"));
      expect(textOf(await store.get("key"))).toBe("second");
      expect(await keysOf(store, "")).toEqual(["key"]);
    });

    test("lists by prefix in byte order of the whole key", async () => {
      const store = await ready();
      // No capitals here: the test server sorts them as a dictionary does, where S3 goes by bytes (see folder.test.ts).
      const keys = ["a/b", "a-b", "a.b", "ab", "a/c/d", "é", "date=2025-01-10/x", "date=2025-01-02/x"];
      for (const key of keys) await store.put(key, bytesOf(key));
      const sorted = [...keys].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
      expect(await keysOf(store, "")).toEqual(sorted);
      expect(await keysOf(store, "a/")).toEqual(["a/b", "a/c/d"]);
      expect(await keysOf(store, "date=2025-01-0")).toEqual(["date=2025-01-02/x"]);
      expect(await keysOf(store, "a/c/d/e")).toEqual([]);
      expect(await keysOf(store, "../")).toEqual([]);
      expect(await Array.fromAsync(store.list("é"))).toEqual([{ key: "é", size: 2 }]);
    });

    test("lists more objects than one page of S3 holds", async () => {
      const store = await ready();
      const keys = Array.from({ length: 1005 }, (_, index) => `many/${String(index).padStart(5, "0")}`);
      for (let from = 0; from < keys.length; from += 50) {
        await Promise.all(keys.slice(from, from + 50).map((key) => store.put(key, bytesOf(""))));
      }
      expect(await keysOf(store, "many/")).toEqual(keys);
    });

    test("keeps keys with unusual characters apart", async () => {
      const store = await ready();
      const keys = [
        "p%41",
        "p%2541",
        "pA",
        "a b+c",
        "a b c",
        "ticker=BRK.B/x",
        "日本/€ & <x> 'y'",
        "q?x=1#y",
        "...",
        "a~!@$^*()",
      ];
      for (const key of keys) await store.put(key, bytesOf(`of ${key}`));
      for (const key of keys) expect(textOf(await store.get(key))).toBe(`of ${key}`);
      expect((await keysOf(store, "")).toSorted()).toEqual(keys.toSorted());
    });

    test("says which object is missing and what to do", async () => {
      const store = await ready("lake-missing");
      await store.put("folder/there", bytesOf("x"));
      for (const key of ["nothing/here", "folder", "folder/there/below"]) {
        const error = await failure(store.get(key));
        expect(error).toBeInstanceOf(PermanentError);
        expect(error).toMatchObject({
          message: expect.stringContaining(`s3://lake-missing/${key}`),
          advice: expect.any(String),
        });
        expect(await store.head(key)).toBeUndefined();
      }
    });

    test("deletes, and does not mind deleting what is not there", async () => {
      const store = await ready();
      await store.put("a/b", bytesOf("x"));
      await store.delete("a/b");
      await store.delete("a/b");
      expect(await store.head("a/b")).toBeUndefined();
      expect(await keysOf(store, "")).toEqual([]);
    });

    test("keeps one whole version when many write one key at once", async () => {
      const store = await ready();
      const versions = Array.from({ length: 8 }, (_, index) => new Uint8Array(200_000).fill(index));
      await Promise.all(versions.map((bytes) => store.put("contested/key", bytes)));
      const bytes = await store.get("contested/key");
      expect(bytes.byteLength).toBe(200_000);
      expect(new Set(bytes).size).toBe(1);
      expect(await keysOf(store, "")).toEqual(["contested/key"]);
    });

    test("prepares itself twice and from several openings at once, keeping what it holds", async () => {
      const bucket = `racing-${++buckets}`;
      const stores = Array.from({ length: 6 }, () => open(bucket));
      await Promise.all(stores.map((store) => store.ensureReady()));
      await stores[0]?.put("kept", bytesOf("x"));
      await Promise.all(stores.map((store) => store.ensureReady()));
      expect(textOf((await stores[1]?.get("kept")) ?? new Uint8Array())).toBe("x");
    });

    test("refuses keys that could leave the bucket or be misread", async () => {
      const store = await ready();
      const keys = [
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a/./b",
        "a//b",
        "a/",
        "a\\b",
        "a\0b",
        "a\nb",
        "\ud800",
        ".tmp-x",
      ];
      for (const key of [...keys, "a/.tmp-x/b", "k".repeat(256), `${"a/".repeat(512)}b`]) {
        expect(await failure(store.put(key, bytesOf("x")))).toBeInstanceOf(PermanentError);
        expect(await failure(Promise.resolve().then(() => store.get(key)))).toBeInstanceOf(PermanentError);
        expect(await failure(Promise.resolve().then(() => store.delete(key)))).toBeInstanceOf(PermanentError);
      }
      expect(await keysOf(store, "")).toEqual([]);
    });

    test("calls a lost bucket retryable when reading and brings it back when writing", async () => {
      const store = await ready("lake-lost");
      await store.put("a/before", bytesOf("x"));
      await backend.loseBucket("lake-lost");
      expect(await failure(store.get("a/before"))).toBeInstanceOf(RetryableError);
      expect(await failure(keysOf(store, ""))).toBeInstanceOf(RetryableError);
      await store.put("a/after", bytesOf("y"));
      expect(await keysOf(store, "")).toEqual(["a/after"]);
      expect(await failure(store.get("a/before"))).toBeInstanceOf(PermanentError);
    });

    test("writes nothing for a cancelled signal", async () => {
      const store = await ready();
      const error = await failure(store.put("key", bytesOf("x"), { signal: AbortSignal.abort() }));
      expect(error).toBeInstanceOf(CancelledError);
      expect(await store.head("key")).toBeUndefined();
    });

    test("names objects and datasets the same way in every kind of store", () => {
      const store = open("test");
      expect(store.uri("manifests")).toBe("s3://test/manifests");
    });
  });
}
