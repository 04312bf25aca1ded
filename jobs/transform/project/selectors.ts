import { z } from "zod";
import { refuse, refuseUnsupported } from "./refusal.ts";
import type { Choice, Selectors } from "./types.ts";
import { parseYaml } from "./yaml.ts";

const criterion = z.looseObject({
  method: z.string().optional(),
  value: z.union([z.string(), z.number(), z.boolean()]).optional(),
  parents: z.boolean().default(false),
  children: z.boolean().default(false),
  parents_depth: z.number().int().optional(),
  children_depth: z.number().int().optional(),
  childrens_parents: z.boolean().default(false),
  exclude: z.array(z.unknown()).default([]),
  indirect_selection: z.enum(["eager"]).optional(),
});
const known = Object.keys(criterion.shape);

const file = z.strictObject({
  selectors: z
    .array(
      z.strictObject({
        name: z.string(),
        description: z.string().optional(),
        default: z.union([z.boolean(), z.string()]).default(false),
        definition: z.unknown(),
      }),
    )
    .default([]),
});

/** Reads selectors.yml: choices by name, and the one that is meant where a build says nothing. */
export function readSelectors(source: { path: string; text: string } | undefined): Selectors {
  const byName = new Map<string, unknown>();
  if (!source) return { byName: new Map(), standard: undefined };
  const { value, lineOf } = parseYaml(source, file);
  const lines = new Map(
    value.selectors.map(({ name }, index) => [name, `${source.path}:${lineOf(["selectors", index])}`]),
  );
  for (const { name, definition } of value.selectors) byName.set(name, definition);
  const read = (name: string, trail: string[]): Choice => {
    const where = lines.get(name) ?? source.path;
    if (trail.includes(name)) throw refuse(where, `the selectors name each other in a circle: ${name}`);
    return readChoice(byName.get(name), {
      where,
      inherit: (other) => {
        if (!byName.has(other)) throw refuse(where, `there is no selector '${other}'`);
        return read(other, [...trail, name]);
      },
    });
  };
  const choices = new Map(value.selectors.map(({ name }): [string, Choice] => [name, read(name, [])]));
  const standard = value.selectors.filter((selector) => isDefault(selector.default));
  if (standard.length > 1) throw refuse(source.path, "more than one selector is the default");
  return { byName: choices, standard: standard[0]?.name };
}

function isDefault(value: boolean | string): boolean {
  if (typeof value === "boolean") return value;
  // A condition on the target, of which there is one.
  return /^\{\{.*\}\}$/.test(value.trim()) ? !/target/.test(value) && /true/i.test(value) : /^true$/i.test(value);
}

type Reading = { where: string; inherit(name: string): Choice };

function readChoice(definition: unknown, reading: Reading): Choice {
  if (typeof definition === "string") return { criterion: definition };
  if (typeof definition !== "object" || definition === null || Array.isArray(definition)) {
    throw refuse(reading.where, "a selector is a text, or says method, union or intersection");
  }
  const [[key, value] = ["", undefined], ...others] = Object.entries(definition);
  if (others.length === 0 && (key === "union" || key === "intersection")) return readSet(key, value, reading);
  if (others.length === 0 && !known.includes(key)) return { criterion: `${key}:${String(value)}` };
  return readCriterion(definition, reading);
}

function readSet(kind: "union" | "intersection", value: unknown, reading: Reading): Choice {
  const parts = z.array(z.unknown()).parse(value);
  const excluded = parts.flatMap((part) =>
    typeof part === "object" && part !== null && "exclude" in part && Object.keys(part).length === 1
      ? z.array(z.unknown()).parse(part.exclude)
      : [],
  );
  const read = (part: unknown) => readChoice(part, reading);
  const included = parts.filter(
    (part) => !(typeof part === "object" && part !== null && "exclude" in part && Object.keys(part).length === 1),
  );
  const exclude = excluded.map(read);
  return kind === "union" ? { union: included.map(read), exclude } : { intersection: included.map(read), exclude };
}

function readCriterion(definition: object, reading: Reading): Choice {
  const parsed = criterion.safeParse(definition);
  if (!parsed.success) throw refuse(reading.where, z.prettifyError(parsed.error).split("\n")[0] ?? "is not understood");
  const unknown = Object.keys(definition).find((key) => !known.includes(key));
  if (unknown !== undefined) throw refuseUnsupported(reading.where, `\`${unknown}\` in a selector`);
  const { method, value, exclude, ...around } = parsed.data;
  const chosen: Choice =
    method === "selector"
      ? reading.inherit(String(value))
      : { criterion: `${before(around)}${method === undefined ? "" : `${method}:`}${String(value)}${after(around)}` };
  if (exclude.length === 0) return chosen;
  return { union: [chosen], exclude: exclude.map((part) => readChoice(part, reading)) };
}

type Around = Pick<
  z.output<typeof criterion>,
  "parents" | "children" | "parents_depth" | "children_depth" | "childrens_parents"
>;
const before = ({ parents, parents_depth, childrens_parents }: Around) =>
  childrens_parents ? "@" : parents ? `${parents_depth ?? ""}+` : "";
const after = ({ children, children_depth }: Around) => (children ? `+${children_depth ?? ""}` : "");
