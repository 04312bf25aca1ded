import { isNode, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { refuse, refuseUnsupported } from "./refusal.ts";

/** A YAML file's values, and the line on which each begins. */
export type ParsedYaml<T> = { value: T; lineOf(path: PropertyKey[]): number };

/** Parses a YAML file by `schema`, what it says prepared first; errors name the file, the line and the key. */
export function parseYaml<Schema extends z.ZodType>(
  file: { path: string; text: string },
  schema: Schema,
  prepare: (value: unknown, lineOf: (path: PropertyKey[]) => number) => unknown = (value) => value,
): ParsedYaml<z.output<Schema>> {
  const lineCounter = new LineCounter();
  const document = parseDocument(file.text, { lineCounter });
  const [problem] = document.errors;
  if (problem)
    throw refuse(`${file.path}:${problem.linePos?.[0].line ?? 1}`, problem.message.split("\n")[0] ?? "is no YAML");
  const lineOf = (path: PropertyKey[]): number => {
    for (let length = path.length; length >= 0; length--) {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return lineCounter.linePos(node.range[0]).line;
    }
    return 1;
  };
  const parsed = schema.safeParse(prepare(document.toJS() ?? {}, lineOf));
  if (parsed.success) return { value: parsed.data, lineOf };
  const [issue] = parsed.error.issues;
  if (!issue) throw refuse(file.path, "is not understood");
  const at = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const line = lineOf([...issue.path, issue.keys[0] ?? ""]);
    const names = issue.keys.map((key) => `\`${key}\``).join(", ");
    throw refuseUnsupported(`${file.path}:${line}`, `${names}${at && ` in ${at}`}`);
  }
  throw refuse(`${file.path}:${lineOf(issue.path)}`, `${at || "the file"}: ${issue.message}`);
}
