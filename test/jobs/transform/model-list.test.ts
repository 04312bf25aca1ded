import { describe, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { createModelList } from "../../../jobs/transform/model-list.ts";
import { createTransform } from "../../../jobs/transform/transform.ts";
import { noDatabase } from "../../server/support.ts";

const projectDir = fileURLToPath(new URL("../../../db/warehouse", import.meta.url));

function listModels() {
  const transform = createTransform({ sql: noDatabase, projectDir, log: { info() {}, warn() {} } });
  const clock = { ms: Date.parse("2026-03-02T15:00:00Z"), reads: 0 };
  const counted = {
    ...transform,
    project: () => {
      clock.reads += 1;
      return transform.project();
    },
  };
  return { clock, list: createModelList({ transform: counted, now: () => new Date(clock.ms) }) };
}

describe("the models of the project", () => {
  test("come after what they read, sources first, without their tests but counted", async () => {
    const models = await listModels().list();
    const names = models.map(({ name }) => name);
    for (const { name, dependsOn } of models) {
      for (const parent of dependsOn) expect(names.indexOf(parent)).toBeLessThan(names.indexOf(name));
    }
    expect(models.find(({ name }) => name === "polygon.source_polygon_stock_bars_daily")).toMatchObject({
      kind: "source",
      materialization: null,
    });
    const windows = models.find(({ name }) => name === "int_polygon__stock_bars_windows");
    expect(windows).toMatchObject({ kind: "model", materialization: "incremental" });
    expect(windows?.tests).toBeGreaterThan(0);
  });

  test("are read again after ten seconds, or where the clock went back, and not before", async () => {
    const { clock, list } = listModels();
    await list();
    clock.ms += 10_000;
    await list();
    expect(clock.reads).toBe(1);
    clock.ms += 1;
    await list();
    expect(clock.reads).toBe(2);
    clock.ms -= 3_600_000;
    await list();
    expect(clock.reads).toBe(3);
  });
});
