import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { PermanentError } from "../../../jobs/orchestrator/errors.ts";
import type { BuildResult } from "../../../jobs/transform/transform.ts";
import { createTestDatabase } from "../../support/database.ts";
import {
  type Build,
  createFolder,
  type DifferentialProject,
  type Outcome,
  prepare,
  type Recorded,
  readCorpus,
  readTables,
  schemaOf,
} from "./dbt-projects/corpus.ts";
import recordedResults from "./dbt-projects/recorded.json";
import { openTransform } from "./support.ts";

setDefaultTimeout(60_000);

const recorded = recordedResults as Recorded;
const database = await createTestDatabase({ empty: true });
afterAll(() => database.drop());

/** What failed: dbt goes on with what does not read it, we end there. Of a unit test dbt does not count the rows. */
function failuresOf({ models, tests, fault }: BuildResult): Record<string, string> {
  const failed = models.filter(({ action }) => action === "failed").map(({ name }) => [name, "database"]);
  const found = tests
    .filter(({ status }) => status === "fail" || status === "error")
    .map(({ name, kind, status, failures }) => [
      name,
      status === "error" ? "database" : `fail ${kind === "unit" ? 1 : failures}`,
    ]);
  return { ...(fault && { [fault.node]: "database" }), ...Object.fromEntries([...failed, ...found]) };
}

async function run(project: DifferentialProject, build: Build, path: string): Promise<Outcome> {
  const transform = openTransform(database.sql, {
    ...{ projectDir: path, schema: schemaOf(project), variables: build.variables },
  });
  const { fullRefresh, select, exclude } = build;
  try {
    const result = await transform.build({ fullRefresh, ...(select && { select }), ...(exclude && { exclude }) });
    if (!result.published) return { failed: failuresOf(result) };
    // dbt does not count what a test finds that passes.
    const counted = result.tests.map(({ status, failures, ...test }) => ({
      ...test,
      status,
      failures: status === "pass" ? 0 : failures,
    }));
    const tests = counted.map(({ name, status, failures }) => [name, `${status} ${failures}`]);
    return { tables: await readTables(database.sql, project), tests: Object.fromEntries(tests) };
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    return { failed: { "": error.message } };
  }
}

function compare(ours: Outcome, theirs: Outcome): void {
  if ("tables" in theirs || !("failed" in ours)) {
    expect(ours).toEqual(theirs);
    return;
  }
  // What cannot even be compiled ends our build with a message, dbt's with a node that is in error.
  const { "": message, ...failed } = ours.failed;
  if (message !== undefined) expect(Object.values(theirs.failed)).toContain("compile");
  else expect(Object.keys(failed).length).toBeGreaterThan(0);
  expect(theirs.failed).toMatchObject(failed);
}

describe("real dbt and this runner make the same of", () => {
  test.each(readCorpus().map((project) => [project.name, project] as const))("%s", async (name, project) => {
    const folder = createFolder(project, {});
    for (const [index, build] of project.builds.entries()) {
      folder.write(build.files);
      await prepare(database.sql, project, build);
      const theirs = recorded[name]?.[index];
      if (!theirs) throw new Error(`What dbt makes of build ${index} of '${name}' is not recorded.`);
      compare(await run(project, build, folder.path), theirs);
    }
    folder.remove();
  });
});
