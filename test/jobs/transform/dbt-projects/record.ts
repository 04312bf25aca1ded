/*
 * Writes what real dbt makes of the corpus to recorded.json: `bun run dbt-projects <python> [names…]`, where
 * <python> is one that has dbt-core 1.10 and dbt-postgres. With names, only those projects are made anew.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createTestDatabase, stopTestServer } from "../../../support/database.ts";
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
} from "./corpus.ts";

const [python = "python3", ...names] = process.argv.slice(2);
const place = (name: string) => fileURLToPath(new URL(name, import.meta.url));

type Answer = {
  error?: string;
  message?: string;
  nodes?: {
    name: string;
    type: string;
    status: string;
    failures: number | null;
    error: string | null;
    message: string | null;
  }[];
};

function startDbt() {
  const child = Bun.spawn([python, place("run_dbt.py")], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "ignore",
    env: { ...process.env, DBT_SEND_ANONYMOUS_USAGE_STATS: "false", DBT_PARTIAL_PARSE: "false" },
  });
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let buffered = "";
  return {
    async run(dir: string, args: string[]): Promise<Answer> {
      child.stdin.write(`${JSON.stringify({ dir, args })}\n`);
      child.stdin.flush();
      while (!buffered.includes("\n")) {
        const { value, done } = await reader.read();
        if (done) throw new Error("dbt ended without an answer.");
        buffered += value;
      }
      const [line = "", ...rest] = buffered.split("\n");
      buffered = rest.join("\n");
      return JSON.parse(line) as Answer;
    },
    stop: () => child.kill(),
  };
}

function argumentsOf({ fullRefresh, select, exclude, variables }: Build): string[] {
  return [
    "build",
    ...(fullRefresh ? ["--full-refresh"] : []),
    ...(select ? ["--select", ...select] : []),
    ...(exclude ? ["--exclude", ...exclude] : []),
    ...(Object.keys(variables).length > 0 ? ["--vars", JSON.stringify(variables)] : []),
  ];
}

const ofTests = ["test", "unit_test", "unit"];

/** What went wrong by node, or that dbt could make nothing of the project. */
function failuresOf({ error, nodes = [] }: Answer): Record<string, string> {
  if (error !== undefined) return { "": error };
  return Object.fromEntries(
    nodes
      .filter(({ status }) => ["fail", "error", "partial success"].includes(status))
      .map(({ name, error, failures }) => [name, error ?? `fail ${failures}`]),
  );
}

const database = await createTestDatabase({ empty: true });
const url = new URL(database.url);
const dbt = startDbt();

async function record(project: DifferentialProject): Promise<Outcome[]> {
  const profile = {
    type: "postgres",
    host: url.hostname,
    port: Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    dbname: url.pathname.slice(1),
    schema: schemaOf(project),
    threads: 1,
  };
  // The target has Barline's name, as templates may ask for it.
  const profiles = JSON.stringify({ barline: { target: "warehouse", outputs: { warehouse: profile } } });
  const folder = createFolder(project, {
    "dbt_project.yml": "name: shop\nprofile: barline\n",
    "profiles.yml": profiles,
  });
  const outcomes: Outcome[] = [];
  for (const build of project.builds) {
    folder.write(build.files);
    await prepare(database.sql, project, build);
    const answer = await dbt.run(folder.path, [...argumentsOf(build), "--profile", "barline"]);
    const failed = failuresOf(answer);
    if (Object.keys(failed).length > 0) {
      const message = answer.message ?? answer.nodes?.find(({ error }) => error !== null)?.message;
      process.stderr.write(`${project.name}: ${JSON.stringify(failed)} ${message ?? ""}\n`);
      outcomes.push({ failed });
      continue;
    }
    const tests = (answer.nodes ?? []).filter(({ type }) => ofTests.includes(type));
    outcomes.push({
      tables: await readTables(database.sql, project),
      tests: Object.fromEntries(tests.map(({ name, status, failures }) => [name, `${status} ${failures ?? 0}`])),
    });
  }
  folder.remove();
  return outcomes;
}

const file = place("recorded.json");
const before = names.length > 0 ? (JSON.parse(readFileSync(file, "utf8")) as Recorded) : {};
const recorded: Recorded = {};
for (const project of readCorpus()) {
  const known = before[project.name];
  recorded[project.name] = known && !names.includes(project.name) ? known : await record(project);
  // At each, so that what has been recorded stays where a later project cannot be.
  writeFileSync(file, `${JSON.stringify(recorded, null, 1)}\n`);
}
dbt.stop();
await database.drop();
stopTestServer();
