import { isScalar, parseDocument, visit } from "yaml";
import { z } from "zod";
import { Float } from "../jinja/values.ts";
import { record } from "./properties-schema.ts";
import { refuseUnsupported } from "./refusal.ts";
import { parseYaml } from "./yaml.ts";

/** Folders of one kind of file, relative to the project. */
const paths = (folder: string) =>
  z
    .array(z.string().transform((path) => path.replace(/^\.\//, "").replace(/\/+$/, "")))
    .min(1)
    .default([folder]);
const statements = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]))
  .default([]);

/** dbt_project.yml. What would change dbt itself is not in it, so it is refused by name. */
const settings = z.strictObject({
  name: z.string(),
  version: z.union([z.string(), z.number()]).optional(),
  "config-version": z.literal(2).optional(),
  profile: z.string().optional(),
  "require-dbt-version": z.unknown().optional(),
  "model-paths": paths("models"),
  "macro-paths": paths("macros"),
  "test-paths": paths("tests"),
  "seed-paths": paths("seeds"),
  "snapshot-paths": paths("snapshots"),
  "docs-paths": z.array(z.string()).optional(),
  "analysis-paths": z.unknown().optional(),
  "asset-paths": z.unknown().optional(),
  "target-path": z.unknown().optional(),
  "packages-install-path": z.string().default("dbt_packages"),
  "clean-targets": z.unknown().optional(),
  "log-path": z.unknown().optional(),
  flags: z.unknown().optional(),
  models: record.default({}),
  seeds: record.default({}),
  snapshots: record.default({}),
  tests: record.default({}),
  data_tests: record.default({}),
  unit_tests: record.default({}),
  vars: record.default({}),
  "on-run-start": statements,
  "on-run-end": statements,
  dispatch: z.array(z.strictObject({ macro_namespace: z.string(), search_order: z.array(z.string()) })).default([]),
});

export type Settings = z.output<typeof settings>;

/** Reads dbt_project.yml. */
export function readSettings(file: { path: string; text: string }): Settings {
  const { value, lineOf } = parseYaml(file, settings);
  // dbt keeps `tests` as the older name.
  if (Object.keys(value.tests).length > 0 && Object.keys(value.data_tests).length > 0) {
    throw refuseUnsupported(`${file.path}:${lineOf(["tests"])}`, "`tests` beside `data_tests`");
  }
  return { ...value, vars: readExact(file.text), data_tests: { ...value.tests, ...value.data_tests } };
}

/** `vars` with each number as it is written: 1.0 is no whole number to Python, and a large one is exact. */
function readExact(text: string): Record<string, unknown> {
  const document = parseDocument(text, { intAsBigInt: true });
  visit(document, (_, node) => {
    if (isScalar(node) && typeof node.value === "number") node.value = new Float(node.value);
  });
  const all = record.parse(document.toJS() ?? {});
  return record.parse(all.vars ?? {});
}

type Settled = Pick<Settings, "name" | "vars">;
const scoped = ({ vars }: Settled, name: string) => record.default({}).parse(vars[name]);

/** The `vars` that a package sees: its own, those of the project over them, and what either says for it by its name. */
export function readVariables(project: Settled, own: Settled = project): Record<string, unknown> {
  const ofPackage = { ...own.vars, ...scoped(own, own.name) };
  return own.name === project.name ? ofPackage : { ...ofPackage, ...project.vars, ...scoped(project, own.name) };
}
