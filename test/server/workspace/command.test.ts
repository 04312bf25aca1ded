import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runWorkspaceCommand } from "../../../server/workspace/command.ts";
import { goodFiles, openWorkspaceBench, publishMarket, season } from "../../jobs/workspace/support.ts";
import { createTestDatabase } from "../../support/database.ts";

setDefaultTimeout(120_000);

const database = await createTestDatabase();
const bench = openWorkspaceBench(database);
const target = mkdtempSync(join(tmpdir(), "barline-dbt-"));
beforeAll(() => publishMarket(database, season(5)));
afterAll(async () => {
  await bench.close();
  await database.drop();
  rmSync(target, { recursive: true, force: true });
});

async function command(...words: string[]): Promise<{ code: number; said: string[]; complaints: string[] }> {
  const said: string[] = [];
  const complaints: string[] = [];
  const environment = { DATABASE_URL: database.url, WORKSPACE_DIR: bench.folder, HOST: "0.0.0.0" };
  const code = await runWorkspaceCommand(words, environment, {
    say: (line) => said.push(line),
    complain: (line) => complaints.push(line),
  });
  return { code, said, complaints };
}

test("check tells of each node whether it is well, and publishes nothing", async () => {
  expect(await command("check")).toMatchObject({ code: 0, said: ["Nothing is in the workspace."] });
  bench.write(goodFiles);
  expect(await command("check")).toMatchObject({
    code: 0,
    said: [
      "ok       model closes (models/closes.sql)",
      "ok       model dear (models/dear.sql)",
      "ok       test not_null_closes_ticker (models/closes.yml)",
      "No fault was found; nothing was published.",
    ],
  });
  bench.write({
    "models/dear.sql": "select nonsense\nfrom {{ ref('closes') }}",
    "models/torn.sql": "select 1\n{% if %}",
    "models/lost.yml": "models: [",
  });
  const { code, said } = await command("check");
  expect(code).toBe(1);
  expect(said).toEqual([
    "skipped  model closes (models/closes.sql): something of its group is at fault",
    `fault    model dear: models/dear.sql: column "nonsense" does not exist`,
    "skipped  test not_null_closes_ticker (models/closes.yml): something of its group is at fault",
    "fault    file models/lost.yml: models/lost.yml:1: Flow sequence in block collection must be sufficiently indented and end with a ] at line 1, column 10:",
    "fault    model torn: models/torn.sql:2: '%}' is not understood here",
    "3 at fault; nothing was published.",
  ]);
  const [row] =
    await database.sql`select to_regclass('public.closes') is null as none, count(*)::int as groups from barline.workspace_groups`;
  expect(row).toEqual({ none: true, groups: 0 });
});

test("dbt writes a project of the workspace and the shipped one, and over nobody else's", async () => {
  bench.write({ ...goodFiles, "models/mine.sql.example": "select", "dbt_project.yml": "name: mine\nvars:\n  x: 1\n" });
  expect(await command("dbt", target)).toMatchObject({
    code: 0,
    said: [`dbt build --project-dir ${target} --profiles-dir ${target}`],
  });
  for (let again = 0; again < 2; again++) {
    expect(readFileSync(join(target, "dbt_project.yml"), "utf8")).toBe(
      'name: mine\nvars:\n  x: 1\nversion: "1.0.0"\nconfig-version: 2\nprofile: barline\n',
    );
    expect(existsSync(join(target, "models/closes.sql"))).toBe(true);
    expect(existsSync(join(target, "models/mine.sql.example"))).toBe(false);
    expect(existsSync(join(target, "dbt_packages/barline/dbt_project.yml"))).toBe(true);
    expect((await command("dbt", target)).code).toBe(0);
  }
  const foreign = mkdtempSync(join(tmpdir(), "barline-foreign-"));
  writeFileSync(join(foreign, "precious"), "");
  expect((await command("dbt", foreign)).complaints).toEqual([
    `${foreign} is not empty, and was not written by this command.`,
  ]);
  expect(existsSync(join(foreign, "precious"))).toBe(true);
  rmSync(foreign, { recursive: true });
});

test("says how it is called", async () => {
  for (const words of [[], ["build"], ["check", "x"], ["dbt"], ["dbt", "a", "b"]]) {
    const { code, complaints } = await command(...words);
    expect([code, complaints[0]?.slice(0, 6)]).toEqual([2, "Usage:"]);
  }
});
