import { readFileSync } from "node:fs";
import { Float } from "../../../../jobs/transform/jinja/values.ts";
import type { RenderScope } from "../../../../jobs/transform/project/context/scope.ts";
import { createJinja, type Jinja } from "../../../../jobs/transform/project/jinja.ts";

const read = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");

/** What dbt made of a template: a text, a refusal of its own, or a text with an address in memory, which says nothing. */
export type Recorded = { template: string } & ({ text: string } | { error: string } | { address: true });

/** What a template came to here: its text, or why it was refused. */
export type Outcome = { text?: string; error?: string };

export function readRecorded(name: "expressions" | "queries"): Recorded[] {
  const lines = read(`${name}.jsonl`).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Recorded);
}

/** Where an outcome is not what dbt's was. */
export function differs(entry: Recorded, ours: Outcome): boolean {
  if ("address" in entry) return false;
  return "text" in entry ? ours.text !== entry.text : ours.error === undefined;
}

const nothing = () => {
  throw new Error("there is no project");
};

/** What the templates of the corpus are rendered in. */
export const corpusScope: RenderScope = {
  ...{ path: "t.sql", package: "corpus", self: undefined, incremental: false, execute: true },
  ...{ ref: nothing, source: nothing, config: nothing },
};

/** The macros, variables and moment with which dbt recorded the corpus. */
export function openCorpus(options: { refusesUndefined?(): boolean } = {}): Jinja {
  return createJinja({
    macros: [{ path: "macros.sql", text: read("macros.sql"), package: "corpus" }],
    projectName: "corpus",
    packages: ["corpus"],
    dispatch: new Map(),
    variables: () => ({ x: "text", n: 5, l: [1, "a"], d: { a: 1 }, f: new Float(1), b: true, t: "{{ 1 + 1 }}" }),
    environment: { HOME_OF_CORPUS: "/home/corpus", NUMBER_OF_CORPUS: "7" },
    database: "corpus",
    schema: "public",
    docs: new Map(),
    now: () => new Date("2024-02-29T13:05:07.123Z"),
    invocationId: "",
    ...options,
  });
}

export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
