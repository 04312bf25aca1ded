import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createExportDesk } from "../../../jobs/export/desk.ts";
import { publishManifest } from "../../../jobs/export/manifest.ts";
import { createExportModes } from "../../../jobs/export/mode.ts";
import type { ExportMode } from "../../../jobs/export/tables.ts";
import { openLake } from "../../../jobs/lake/open.ts";
import { type Dashboard, now, openDashboard, openingMs } from "../dashboard.ts";

let dashboard: Dashboard;
let root: string;
let subscribed = 0;

beforeAll(async () => {
  dashboard = await openDashboard();
  root = await mkdtemp(join(tmpdir(), "barline-export-page-"));
  use(null);
}, openingMs);
afterAll(async () => {
  await dashboard.close();
  await rm(root, { recursive: true, force: true });
});

const lake = () => openLake({ kind: "folder", root, bucket: "test" });

/** Has the dashboard show the real export, with what EXPORT says. */
function use(environment: ExportMode | null): void {
  const modes = createExportModes({ sql: dashboard.sql, environment, lake: "folder" });
  const subscribe = async () => {
    subscribed += 1;
  };
  Object.assign(dashboard.pipeline.exports, createExportDesk({ lake: lake(), modes, subscribe }));
}

const get = (path: string) => dashboard.app.request(path);
const text = async (path = "/export") => (await get(path)).text();

describe("the page of the export", () => {
  test("is off for a folder until it is asked for, says who asked, and keeps it", async () => {
    await lake().ensureReady();
    expect(await text()).toContain("Nothing has been exported yet.");
    expect(await text()).toMatch(/value="off" checked/);
    const answer = await dashboard.post("/export", { mode: "marts" });
    expect([answer.status, answer.headers.get("Location"), subscribed]).toEqual([303, "/export", 1]);
    expect(await text()).toMatch(/value="marts" checked/);
    expect(await text()).toContain("Changed by");
    expect(await text("/activity")).toContain("what is exported");
  });

  test("refuses what is no choice, and any where the environment has the word", async () => {
    const wrong = await dashboard.post("/export", { mode: "<b>" });
    expect([wrong.status, await wrong.text()]).toEqual([
      422,
      expect.stringContaining("Choose one of off, marts, all."),
    ]);
    use("all");
    const late = await dashboard.post("/export", { mode: "off" });
    expect([late.status, await late.text()]).toEqual([409, expect.stringContaining("EXPORT=all is set")]);
    expect(await text()).toMatch(/value="all" checked="" disabled|value="all" checked disabled/);
    use(null);
  });

  test("lists the tables of the current build, and gives their files and no others", async () => {
    const key = "marts/dim_tickers/part-1-0000.parquet";
    await lake().put(key, new TextEncoder().encode("PAR1"));
    await lake().put("raw/secret.json", new TextEncoder().encode("{}"));
    const files = [{ key, rows: 12, bytes: 4, sha256: "00" }];
    const partitions = [{ year: null, rows: 12, bytes: 4, files, version: null }];
    const table = { table: "dim_tickers", description: "", rows: 12, bytes: 4, schema: [], partitions };
    const made = { format: "barline export 1", build: "b<1>", readAt: now.toISOString() } as const;
    await publishManifest(lake(), { ...made, tables: { dim_tickers: table } }, now);
    const page = await text();
    expect(page).toContain("b&lt;1&gt;");
    expect(page).toContain(`href="/export/files/${key}"`);
    const file = await get(`/export/files/${key}`);
    expect([await file.text(), file.headers.get("Content-Disposition")]).toEqual([
      "PAR1",
      'attachment; filename="dim_tickers-part-1-0000.parquet"',
    ]);
    const list = await get("/export/files/marts/dim_tickers/_current.json");
    expect(await list.json()).toMatchObject({ build: "b<1>", table: "dim_tickers", rows: 12 });
    for (const other of [
      "raw/secret.json",
      "marts/_retired.json",
      "marts/dim_tickers/..%2f..%2fraw/secret.json",
      "%ff",
    ])
      expect((await get(`/export/files/${other}`)).status).toBe(404);
  });
});
