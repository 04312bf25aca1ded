import { expect, test } from "bun:test";
import dashboard from "../../../server/clients/grafana.json" with { type: "json" };
import { createMetrics } from "../../../server/metrics/metrics.ts";
import { noDatabase } from "../support.ts";

const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** All that is scraped of a process, by name; of a histogram its buckets. */
async function scraped(): Promise<string[]> {
  const metrics = createMetrics({ version: "0.0.0", now: () => new Date("2026-03-02T15:00:00Z") });
  metrics.watch({ read: noDatabase, jobs: ["ingest"], startDate: "2026-01-02" });
  const text = await metrics.text();
  metrics.close();
  const types = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)];
  return types.map(([, name = "", type]) => (type === "histogram" ? `${name}_bucket` : name));
}

test("the dashboard asks for metrics that are there", async () => {
  const known = new Set(await scraped());
  for (const expr of expressions) {
    const asked = [...expr.matchAll(/\b(?:barline|process)_\w+/g)].map(([name]) => name);
    expect({ expr, unknown: asked.filter((name) => !known.has(name)) }).toEqual({ expr, unknown: [] });
    expect(asked.length).toBeGreaterThan(0);
  }
});

test("the dashboard shows every metric of Barline's own", async () => {
  const shown = expressions.join(" ");
  const own = (await scraped()).filter((name) => name.startsWith("barline_"));
  expect(own.length).toBeGreaterThan(15);
  expect(own.filter((name) => !shown.includes(name))).toEqual([]);
});

test("the dashboard is one of any Prometheus, and its panels do not overlap", () => {
  expect(dashboard.templating.list[0]).toMatchObject({ name: "datasource", type: "datasource", query: "prometheus" });
  const taken = new Set<string>();
  for (const { gridPos } of dashboard.panels) {
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        expect(taken.has(`${x},${y}`)).toBe(false);
        taken.add(`${x},${y}`);
      }
  }
});
