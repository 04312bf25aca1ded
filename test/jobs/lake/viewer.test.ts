import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { landAnswer, writeManifest } from "../../../jobs/lake/manifest.ts";
import { openLake } from "../../../jobs/lake/open.ts";
import type { ObjectStore } from "../../../jobs/lake/store.ts";
import { createLakeViewer, type LakeViewer } from "../../../jobs/lake/viewer.ts";

let folder: string;
let lake: ObjectStore;
let viewer: LakeViewer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "barline-viewer-"));
  lake = openLake({ kind: "folder", root: folder, bucket: "test" });
  await lake.ensureReady();
  viewer = createLakeViewer(lake);
  await writeFile(join(folder, "secret"), "not for anybody");
});
afterAll(async () => {
  await lake.close();
  await rm(folder, { recursive: true, force: true });
});

const land = async (place: Parameters<typeof landAnswer>[1]["place"], results: unknown[]) =>
  await landAnswer(lake, {
    place,
    body: new TextEncoder().encode(JSON.stringify({ status: "OK", results })),
    rows: results.length,
    request: "/v2/aggs",
  });

const list = async (runId: string, objects: Awaited<ReturnType<typeof land>>[]) =>
  await writeManifest(lake, {
    ...{ version: 1, job: "ingest", runId, sessions: { from: "2025-01-02", to: "2025-01-03" } },
    ...{ source: "demo", strategy: "grouped", createdAt: "2025-01-04T00:00:00.000Z", objects },
  });

describe("looking into the lake", () => {
  test("shows an answer unpacked, a manifest as it is, and gives either as it is stored", async () => {
    const object = await land({ route: "daily", date: "2025-01-02" }, [{ T: "AAPL", c: 1 }]);
    expect(JSON.parse(await viewer.text(object.key))).toEqual({ status: "OK", results: [{ T: "AAPL", c: 1 }] });
    expect(Bun.gunzipSync(await viewer.stored(object.key)).length).toBe(object.rawSize);
    const manifest = await list("1", [object]);
    expect(JSON.parse(await viewer.text(manifest))).toMatchObject({ runId: "1" });
  });

  test("refuses keys that leave the bucket or name anything but answers, reference data and manifests", async () => {
    const refused = [
      "../secret",
      "raw/../../secret",
      "raw/../secret",
      "/etc/passwd",
      "raw//x",
      "raw/./x",
      "raw\\x",
      "x",
    ];
    for (const key of [...refused, "", "rawest/x", "raw/\0", "raw/.tmp-1", `raw/${"x".repeat(300)}`]) {
      await expect(viewer.text(key)).rejects.toMatchObject({ code: "invalid", field: "key" });
      await expect(viewer.stored(key)).rejects.toMatchObject({ code: "invalid", field: "key" });
    }
    await expect(viewer.text("raw/none.json.gz")).rejects.toMatchObject({ code: "not_found", field: "key" });
  });

  test("does not unpack what would fill the memory, nor what is damaged", async () => {
    await lake.put("raw/bomb.json.gz", Bun.gzipSync(new Uint8Array(40 * 1024 * 1024)));
    await lake.put("raw/damaged.json.gz", new TextEncoder().encode("no gzip"));
    for (const key of ["raw/bomb.json.gz", "raw/damaged.json.gz"])
      await expect(viewer.text(key)).rejects.toMatchObject({
        code: "invalid",
        message: expect.stringContaining("download"),
      });
    expect((await viewer.stored("raw/damaged.json.gz")).length).toBe(7);
  });

  test("finds a bar in a whole-market answer, case and all, the first where it is there twice", async () => {
    const rows = [{ T: "KIMPL", c: 1 }, null, { T: "KIMpL", c: 2 }, { T: "KIMpL", c: 3 }];
    const manifest = await list("2", [await land({ route: "daily", date: "2025-01-02" }, rows)]);
    expect(await viewer.findBar(manifest, "KIMpL", "2025-01-02")).toMatchObject({ row: { c: 2 }, request: "/v2/aggs" });
    expect(await viewer.findBar(manifest, "KIMpL", "2025-01-03")).toBeNull();
    expect(await viewer.findBar(manifest, "AAPL", "2025-01-02")).toBeNull();
  });

  test("finds a bar in a ticker's own answer by its day in New York, the latest of several answers first", async () => {
    const place = { route: "range", date: "2025-01-02", to: "2025-01-03", ticker: "AAPL" } as const;
    // Midnight in New York: five hours into the day in UTC.
    const rows = [
      { t: Date.parse("2025-01-02T05:00:00Z"), c: 7 },
      { t: Date.parse("2025-01-03T05:00:00Z"), c: 8 },
    ];
    const manifest = await list("3", [
      await land({ route: "daily", date: "2025-01-03" }, [{ T: "AAPL", c: 1 }]),
      await land(place, rows),
    ]);
    expect(await viewer.findBar(manifest, "AAPL", "2025-01-02")).toMatchObject({ row: { c: 7 } });
    expect(await viewer.findBar(manifest, "AAPL", "2025-01-03")).toMatchObject({ row: { c: 8 } });
  });

  test("finds nothing where the manifest or its answer has been removed", async () => {
    const object = await land({ route: "daily", date: "2025-01-06" }, [{ T: "AAPL", c: 1 }]);
    const manifest = await list("4", [object]);
    await lake.delete(object.key);
    expect(await viewer.findBar(manifest, "AAPL", "2025-01-06")).toBeNull();
    await lake.delete(manifest);
    expect(await viewer.findBar(manifest, "AAPL", "2025-01-06")).toBeNull();
  });
});
