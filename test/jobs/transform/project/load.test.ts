import { expect, test } from "bun:test";
import { createProjectLoader } from "../../../../jobs/transform/project/load.ts";
import { createProjectFolder } from "../support.ts";

const one = { "models/one.sql": "select 1 as id" };

test("who looks at a project shares what was loaded last, and a build has its own", () => {
  const folder = createProjectFolder(one);
  const loader = createProjectLoader({ projectDir: folder.path, variables: {}, environment: {} });
  const built = loader.load();
  expect(loader.look()).toBe(built);
  const again = loader.load();
  expect(again.invocationId).not.toBe(built.invocationId);
  expect(loader.look()).toBe(built);
  folder.remove();
});

test("a project is loaded anew once a text of it is another, also where it is as long as before", () => {
  const folder = createProjectFolder(one);
  const loader = createProjectLoader({ projectDir: folder.path, variables: {}, environment: {} });
  const models = () => loader.look().project.models.map(({ name, text }) => [name, text]);
  expect(models()).toEqual([["one", "select 1 as id"]]);
  folder.write({ "models/one.sql": "select 2 as id" });
  expect(models()).toEqual([["one", "select 2 as id"]]);
  folder.write({ "models/two.sql": "select * from {{ ref('one') }}" });
  expect(models().map(([name]) => name)).toEqual(["one", "two"]);
  folder.write({ "models/two.sql": "select * from {{ ref('three') }}" });
  expect(() => loader.look()).toThrow("three");
  folder.write({ "models/two.sql": "select 2 as id" });
  expect(models()).toEqual([
    ["one", "select 2 as id"],
    ["two", "select 2 as id"],
  ]);
  folder.remove();
});
