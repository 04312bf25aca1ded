import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { createTestDatabase } from "../../../support/database.ts";
import { createProjectFolder, openTransform } from "../support.ts";

setDefaultTimeout(60_000);

const database = await createTestDatabase();
const { sql } = database;
const project = createProjectFolder({
  "models/orders.sql": "{{ config(materialized='table') }} select 1 as a, 2 as b",
});
afterAll(async () => {
  project.remove();
  await database.drop();
});

const views = async () =>
  (
    await sql<{ name: string; comment: string | null }[]>`
      select relname as name, obj_description(oid, 'pg_class') as comment from pg_class
      where relnamespace = 'public'::regnamespace and relkind = 'v' order by 1`
  ).map(({ name, comment }) => `${name} ${comment}`);

test("views of the workspace make way for a table that changes, and only those come back that still can", async () => {
  const transform = openTransform(sql, { projectDir: project.path });
  await transform.build();
  await sql`create view public.of_a as select a from public.orders`;
  await sql`create view public.of_b as select b from public.orders`;
  await sql`create view public.of_of_a as select a + 1 as more from public.of_a`;
  await sql`comment on view public.of_of_a is 'kept'`;
  await sql`
    insert into barline.workspace_relations (name, schema, relation, grain, description, columns, group_name, published_at)
    select name, 'public', name, 'other', '', '[]', name, now() from unnest(array['of_a', 'of_b', 'of_of_a']) as name`;
  project.write({ "models/orders.sql": "{{ config(materialized='table') }} select 5 as a" });
  expect((await transform.build()).published).toBe(true);
  expect(await views()).toEqual(["of_a null", "of_of_a kept"]);
  expect([...(await sql`select more from public.of_of_a`)]).toEqual([{ more: 6 }]);
  expect([...(await sql`select name from barline.workspace_relations order by 1`)]).toEqual([
    { name: "of_a" },
    { name: "of_of_a" },
  ]);
});
