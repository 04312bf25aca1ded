import { afterAll, expect, test } from "bun:test";
import { createTestDatabase } from "../../../support/database.ts";
import { createProjectFolder, openTransform } from "../support.ts";

const database = await createTestDatabase();
afterAll(() => database.drop());

test("a hook knows whether its model is built on what stands, and deletes before the query reads it", async () => {
  const project = createProjectFolder({
    "models/seen.sql": `{{ config(materialized='incremental', unique_key='id', on_schema_change='fail',
  pre_hook="{% if is_incremental() %}delete from {{ this }} where id = 1{% endif %}") }}
select {% if is_incremental() %}2 as id, (select count(*) from {{ this }}) as before{% else %}1 as id, 0::bigint as before{% endif %}`,
  });
  const { sql } = database;
  const transform = openTransform(sql, { projectDir: project.path });
  const rows = async () => [...(await sql`select id, before::int from seen`)].map((row) => ({ ...row }));
  expect((await transform.build()).published).toBe(true);
  expect(await rows()).toEqual([{ id: 1, before: 0 }]);
  expect((await transform.build()).published).toBe(true);
  expect(await rows()).toEqual([{ id: 2, before: 0 }]);
  // Built whole, the hook may not ask for columns that what stands has not.
  expect((await transform.build({ fullRefresh: true })).published).toBe(true);
  expect(await rows()).toEqual([{ id: 1, before: 0 }]);
  project.remove();
});
