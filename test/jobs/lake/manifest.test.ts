import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createFolderStore } from "../../../jobs/lake/folder.ts";
import { landAnswer, type Manifest, readManifest, readRaw, writeManifest } from "../../../jobs/lake/manifest.ts";
import type { ObjectStore } from "../../../jobs/lake/store.ts";
import { PermanentError } from "../../../jobs/orchestrator/errors.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const place = { route: "daily", date: "2025-01-02" } as const;
const request = "/v2/aggs/grouped/locale/us/market/stocks/2025-01-02?adjusted=false";

let root: string;
let store: ObjectStore;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "barline-manifest-"));
  store = createFolderStore({ root, bucket: "test" });
  await store.ensureReady();
});
afterEach(() => rm(root, { recursive: true }));

const keys = async () => (await Array.fromAsync(store.list(""))).map(({ key }) => key);
const land = (text: string) => landAnswer(store, { place, body: encode(text), rows: 1, request });

function manifestOf(objects: Manifest["objects"]): Manifest {
  return {
    version: 1,
    job: "stocks_polygon_ingest",
    runId: "42",
    sessions: { from: "2025-01-02", to: "2025-01-02" },
    source: "demo",
    strategy: "grouped",
    createdAt: "2025-01-03T01:00:00.000Z",
    objects,
  };
}

describe("landed answers", () => {
  test("unpack to exactly the answered bytes, odd spacing and bad UTF-8 included", async () => {
    const body = new Uint8Array([...encode('{ "results" :[ ]\r\n}'), 0xff, 0x00, 0x0a]);
    const entry = await landAnswer(store, { place, body, rows: 0, request });
    const stored = await store.get(entry.key);
    expect(Bun.gunzipSync(stored)).toEqual(body);
    expect(entry).toEqual({
      route: "daily",
      session: "2025-01-02",
      key: `raw/stocks/daily/date=2025-01-02/grouped-${sha256(body).slice(0, 12)}.json.gz`,
      size: stored.byteLength,
      sha256: sha256(stored),
      rawSize: body.byteLength,
      rawSha256: sha256(body),
      rows: 0,
      request,
    });
    expect(await readRaw(store, entry)).toEqual(body);
  });

  test("carry no time, so that equal answers make equal objects", async () => {
    const entry = await land("{}");
    expect((await store.get(entry.key)).subarray(4, 8)).toEqual(new Uint8Array(4));
  });

  test("find themselves when landed again, and keep a corrected answer beside the first", async () => {
    const first = await land('{"c":1}');
    expect(await land('{"c":1}')).toEqual(first);
    const corrected = await land('{"c":2}');
    expect((await keys()).toSorted()).toEqual([first.key, corrected.key].toSorted());
    expect(new TextDecoder().decode(await readRaw(store, first))).toBe('{"c":1}');
  });

  test("keep an earlier manifest true when another compressor packed the same bytes", async () => {
    const first = await land('{"c":1}');
    const packed = Bun.gzipSync(encode('{"c":1}'), { library: "zlib", level: 9 });
    await store.put(first.key, packed);
    expect(await land('{"c":1}')).toMatchObject({ key: first.key, size: packed.byteLength, sha256: sha256(packed) });
    expect(await store.get(first.key)).toEqual(new Uint8Array(packed));
  });

  test("say where the key was blanked, and verify as what landed", async () => {
    const answer = { place, body: encode('{"next_url":"/x?apiKey=[key]"}'), rows: 0, request, redacted: true };
    const entry = await landAnswer(store, answer);
    expect(entry).toMatchObject({ redacted: true, rawSha256: sha256(answer.body) });
    expect(await readRaw(store, entry)).toEqual(answer.body);
    const manifest = await writeManifest(store, manifestOf([entry]));
    expect((await readManifest(store, manifest)).objects).toEqual([entry]);
    expect(await land("{}")).not.toHaveProperty("redacted");
  });

  test("heal an object that was damaged", async () => {
    const first = await land('{"c":1}');
    await store.put(first.key, encode("garbage"));
    expect(await land('{"c":1}')).toEqual(first);
    expect(new TextDecoder().decode(await readRaw(store, first))).toBe('{"c":1}');
  });

  test("of one ticker's range tell ticker and dates", async () => {
    const range = { route: "range", date: "2025-01-02", to: "2025-06-30", ticker: "KIMpL", page: 2 } as const;
    const entry = await landAnswer(store, {
      place: range,
      body: encode("{}"),
      rows: 0,
      request: "/v2/aggs/ticker/KIMpL",
    });
    expect(entry).toMatchObject({ route: "range", ticker: "KIMpL", from: "2025-01-02", to: "2025-06-30" });
  });

  test.each(["/v3/reference/tickers?limit=1&apiKey=secret", "https://api.massive.com/v2/aggs"])(
    "refuse the request %p, which may carry a key",
    async (leaky) => {
      const work = landAnswer(store, { place, body: encode("{}"), rows: 0, request: leaky });
      await expect(work).rejects.toBeInstanceOf(PermanentError);
      await expect(work).rejects.not.toThrow("secret");
    },
  );

  test.each([
    ["other bytes", () => Bun.gzipSync(encode('{"c":9}')), {}],
    ["no gzip, hash and all", () => encode("garbage"), { sha256: sha256(encode("garbage")) }],
    ["other bytes, hash and all", () => Bun.gzipSync(encode("x")), { sha256: sha256(Bun.gzipSync(encode("x"))) }],
  ] as const)("are refused by key when the object holds %s", async (_, replacement, changes) => {
    const entry = await land('{"c":1}');
    await store.put(entry.key, replacement());
    const work = readRaw(store, { ...entry, ...changes });
    await expect(work).rejects.toBeInstanceOf(PermanentError);
    await expect(work).rejects.toThrow(entry.key);
  });
});

describe("manifests", () => {
  test("are read back as they were written, at the run's own key", async () => {
    const manifest = manifestOf([await land("{}")]);
    const key = await writeManifest(store, manifest);
    expect(key).toBe("manifests/job=stocks_polygon_ingest/date=2025-01-02/run-42.json");
    expect(await readManifest(store, key)).toEqual(manifest);
  });

  test("of a retried run replace the run's own and no other", async () => {
    await writeManifest(store, manifestOf([]));
    await writeManifest(store, manifestOf([await land("{}")]));
    await writeManifest(store, { ...manifestOf([]), runId: "43" });
    const written = (await keys()).filter((key) => key.startsWith("manifests/"));
    expect(written.map((key) => path.basename(key))).toEqual(["run-42.json", "run-43.json"]);
    expect((await readManifest(store, written[0] ?? "")).objects).toHaveLength(1);
  });

  test("whose last session is before the first are not written", async () => {
    const manifest = { ...manifestOf([]), sessions: { from: "2025-01-03", to: "2025-01-02" } };
    await expect(writeManifest(store, manifest)).rejects.toThrow("from must not be after to");
    expect(await keys()).toEqual([]);
  });

  test.each([
    ["no JSON", "{"],
    ["another version", JSON.stringify({ ...manifestOf([]), version: 2 })],
    ["a bad hash", JSON.stringify({ ...manifestOf([]), objects: [{ route: "daily", key: "a", sha256: "no" }] })],
  ])("with %s are refused by key", async (_, text) => {
    await store.put("manifests/broken.json", encode(text));
    const work = readManifest(store, "manifests/broken.json");
    await expect(work).rejects.toBeInstanceOf(PermanentError);
    await expect(work).rejects.toThrow("s3://test/manifests/broken.json");
  });
});
