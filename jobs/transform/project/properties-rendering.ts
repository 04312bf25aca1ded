import type { ProjectFile } from "./files.ts";

/** Renders a text of YAML: `{{ doc('x') }}`, `{{ var('y') }}`. */
export type RenderText = (where: string, text: string) => string;

/** Rendered later, where more can be said in them: descriptions, tests and hooks. */
const lateKeys = /^(?:description|tests|data_tests|(?:pre|post)[-_]hook|config)$/;
/** dbt renders what is said of these; a fixture's rows and a query are not templates. */
const renderedKinds = ["sources", "models", "seeds", "snapshots"];

/** As dbt reads a rendered setting: a truth or a number where it looks like one. */
export function native(text: string): unknown {
  if (/^true$/i.test(text)) return true;
  if (/^false$/i.test(text)) return false;
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

/** What a YAML file says, with the Jinja in its texts rendered. */
export function renderProperties(
  file: ProjectFile,
  value: unknown,
  lineOf: (path: PropertyKey[]) => number,
  render: RenderText,
): unknown {
  const walk = (part: unknown, path: PropertyKey[]): unknown => {
    if (typeof part === "string") {
      return part.includes("{{") ? native(render(`${file.path}:${lineOf(path)}`, part)) : part;
    }
    if (Array.isArray(part)) return part.map((item, index) => walk(item, [...path, index]));
    if (typeof part !== "object" || part === null) return part;
    const late = (key: string) => lateKeys.test(key) && !(key === "config" && path[0] === "sources");
    const entries = Object.entries(part).map(([key, item]) => [key, late(key) ? item : walk(item, [...path, key])]);
    return Object.fromEntries(entries);
  };
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, renderedKinds.includes(key) ? walk(item, [key]) : item]),
  );
}
