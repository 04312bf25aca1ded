import { expect, test } from "bun:test";
import { createProjectReader } from "../../../jobs/transform/project-reader.ts";
import { createTransform } from "../../../jobs/transform/transform.ts";
import { noDatabase } from "../../server/support.ts";
import { createProjectFolder } from "./support.ts";

test("a project is read once, and again once a file of it has changed", async () => {
  const folder = createProjectFolder({ "models/one.sql": "select 1 as id" });
  const silent = { info() {}, warn() {} };
  const transform = createTransform({ sql: noDatabase, projectDir: folder.path, log: silent });
  let reads = 0;
  const counted = {
    ...transform,
    project: () => {
      reads += 1;
      return transform.project();
    },
  };
  const read = createProjectReader({ transform: counted, projectDir: folder.path });
  const first = await read();
  expect(await read()).toBe(first);
  expect(first.nodes.map(({ name, compiledSql }) => [name, compiledSql])).toEqual([["one", "select 1 as id"]]);
  folder.write({ "models/two.sql": "select * from {{ ref('one') }}" });
  expect((await read()).nodes.map(({ compiledSql }) => compiledSql)).toContain(`select * from "none"."public"."one"`);
  expect(reads).toBe(2);
  folder.write({ "models/two.sql": "select * from {{ ref('three') }}" });
  await expect(read()).rejects.toThrow("three");
  folder.remove();
});
