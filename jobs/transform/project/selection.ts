import { refuse, refuseUnsupported } from "./refusal.ts";
import type { Choice, Project } from "./types.ts";

/** What a build is to do, by name. */
export type Selection = { models: Set<string>; tests: Set<string>; unitTests: Set<string> };

type Kind = "model" | "seed" | "snapshot" | "source" | "test" | "unit_test";
type Node = {
  id: string;
  kind: Kind;
  name: string;
  path: string;
  /** The project, the folders and the name, as dbt has it. */
  fqn: string[];
  tags: string[];
  config: Record<string, unknown>;
  testType: string | undefined;
  parents: string[];
};

type Graph = { nodes: Map<string, Node>; children: Map<string, string[]> };

const plainPath = (path: string) => path.replace(/:\d+$/, "");

function readGraph({
  models,
  sources,
  tests,
  unitTests,
}: Pick<Project, "models" | "sources" | "tests" | "unitTests">): Graph {
  const idOf = new Map([...models, ...sources].map(({ name, uniqueId }) => [name, uniqueId]));
  const ids = (names: string[]) => names.flatMap((name) => idOf.get(name) ?? []);
  const base = (
    kind: Kind,
    { uniqueId, name, path, fqn }: { uniqueId: string; name: string; path: string; fqn: string[] },
  ) => ({ id: uniqueId, ...{ kind, name, fqn, path: plainPath(path), testType: undefined } });
  const nodes: Node[] = [
    ...sources.map((source) => ({ ...base("source", source), tags: source.tags, config: {}, parents: [] })),
    ...models.map((model) => ({
      ...base(model.resourceType, model),
      tags: model.config.tags,
      config: { ...model.config.values, materialized: model.config.materialized },
      parents: ids(model.dependsOn),
    })),
    ...tests.map((test) => ({
      ...base("test", test),
      tags: test.config.tags,
      config: { ...test.config.values, severity: test.config.severity },
      testType: test.kind,
      parents: ids(test.dependsOn),
    })),
    ...unitTests.map((test) => ({
      ...base("unit_test", test),
      ...{ tags: test.tags, config: {}, testType: "unit", parents: ids([test.model]) },
    })),
  ];
  const children = new Map<string, string[]>();
  for (const { id, parents } of nodes) {
    for (const parent of parents) children.set(parent, [...(children.get(parent) ?? []), id]);
  }
  return { nodes: new Map(nodes.map((node) => [node.id, node])), children };
}

/** All within so many steps of the first ones, these included. */
function reach(start: Iterable<string>, next: (id: string) => string[], steps = Number.POSITIVE_INFINITY): Set<string> {
  const found = new Set(start);
  let edge = [...found];
  for (let step = 0; step < steps && edge.length > 0; step++) {
    edge = edge.flatMap(next).filter((id) => !found.has(id));
    for (const id of edge) found.add(id);
  }
  return found;
}

const glob = (pattern: string) =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
  );

function inFolder({ path }: Node, wanted: string): boolean {
  const folder = wanted.replace(/^\.\//, "").replace(/\/$/, "");
  return path === folder || path.startsWith(`${folder}/`) || glob(folder).test(path);
}

/** A name, or the beginning of project, folders and name with dots between. */
function isNamed({ name, fqn, kind }: Node, wanted: string): boolean {
  if (kind === "source") return false;
  if (glob(wanted).test(name)) return true;
  const parts = wanted.split(".");
  const begins = (from: string[]) =>
    parts.length <= from.length && parts.every((part, index) => glob(part).test(from[index] ?? ""));
  return begins(fqn) || begins(fqn.slice(1));
}

const isSource = ({ kind, name, fqn }: Node, wanted: string) =>
  kind === "source" && [name, name.replace(/\..*$/, ""), `${fqn[0]}.${name}`].some((each) => glob(wanted).test(each));

const valueAt = (config: Record<string, unknown>, path: string[]): unknown =>
  path.reduce((value: unknown, key) => (value as Record<string, unknown> | undefined)?.[key], config);

function hasConfig({ config }: Node, path: string, wanted: string): boolean {
  const value = valueAt(config, path.split("."));
  const values = Array.isArray(value) ? value : [value];
  return values.some((each) => glob(wanted.toLowerCase()).test(String(each).toLowerCase()));
}

const methods: Record<string, (node: Node, wanted: string) => boolean> = {
  fqn: isNamed,
  file: ({ path }, wanted) => glob(wanted).test(path.replace(/^.*\//, "")),
  package: ({ fqn }, wanted) => wanted === "this" || fqn[0] === wanted,
  path: inFolder,
  resource_type: ({ kind }, wanted) => kind === wanted || wanted === "all",
  source: isSource,
  tag: ({ tags }, wanted) => tags.some((tag) => glob(wanted).test(tag)),
  test_name: ({ kind, name }, wanted) => kind === "test" && name.startsWith(`${wanted}_`),
  test_type: ({ testType }, wanted) =>
    testType !== undefined && (testType === wanted || (wanted === "data" && testType !== "unit")),
};

function matches(expression: string, method: string | undefined, wanted: string): (node: Node) => boolean {
  if (method?.startsWith("config.")) return (node) => hasConfig(node, method.slice("config.".length), wanted);
  const named = method ?? (wanted.includes("/") ? "path" : /\.(sql|csv|ya?ml)$/.test(wanted) ? "file" : "fqn");
  const method_ = methods[named];
  if (!method_) throw refuseUnsupported("select", `the method '${named}:' in '${expression}'`);
  return (node) => method_(node, wanted);
}

const pattern = /^(@)?(?:(\d*)(\+))?(?:([\w.]+):)?([^+@]+?)(?:(\+)(\d*))?$/;

/** One criterion: what it names, and as much before and after as it says. */
function chooseOne(graph: Graph, expression: string): Set<string> {
  const [, at, before, plusBefore, method, wanted = "", plusAfter, after] = pattern.exec(expression) ?? [];
  if (!wanted) throw refuse("select", `'${expression}' is not understood`);
  const matching = matches(expression, method, wanted);
  const named = [...graph.nodes.values()].filter(matching).map(({ id }) => id);
  if (named.length === 0) throw refuse("select", `'${expression}' selects nothing`);
  const parentsOf = (id: string) => graph.nodes.get(id)?.parents ?? [];
  const childrenOf = (id: string) => graph.children.get(id) ?? [];
  const steps = (text: string | undefined) => (text ? Number(text) : undefined);
  const chosen = new Set(named);
  const add = (ids: Set<string>) => {
    for (const id of ids) chosen.add(id);
  };
  if (at) add(reach(reach(named, childrenOf), parentsOf));
  if (plusBefore) add(reach(named, parentsOf, steps(before)));
  if (plusAfter) add(reach(named, childrenOf, steps(after)));
  return withTests(graph, chosen);
}

/** Tests come along with any of what they test, as dbt's eager mode has it. */
function withTests(graph: Graph, chosen: Set<string>): Set<string> {
  const all = new Set(chosen);
  for (const { id, kind, parents } of graph.nodes.values()) {
    if ((kind === "test" || kind === "unit_test") && parents.some((parent) => chosen.has(parent))) all.add(id);
  }
  return all;
}

/** Criteria apart by spaces add up; those with commas between must all hold. */
function chooseAll(context: Choosing, expressions: string[]): Set<string> {
  const found = new Set<string>();
  for (const expression of expressions.flatMap((part) => part.split(/\s+/)).filter(Boolean)) {
    const [first = new Set<string>(), ...others] = expression.split(",").map((part) => chooseNamed(context, part));
    for (const id of first) if (others.every((other) => other.has(id))) found.add(id);
  }
  return found;
}

type Choosing = { graph: Graph; project: Project };

/** A criterion; `selector:` before a name of selectors.yml means what is written there. */
function chooseNamed(context: Choosing, expression: string): Set<string> {
  const [, name] = /^selector:(.+)$/.exec(expression) ?? [];
  return name === undefined ? chooseOne(context.graph, expression) : chooseSelector(context, name);
}

function chooseSelector(context: Choosing, name: string): Set<string> {
  const choice = context.project.selectors.byName.get(name);
  if (!choice) throw refuse("select", `there is no selector '${name}' in selectors.yml`);
  return chooseBy(context, choice);
}

/** What a choice of selectors.yml is: unions, intersections, and what is left out of them. */
function chooseBy(context: Choosing, choice: Choice): Set<string> {
  if ("criterion" in choice) return chooseAll(context, [choice.criterion]);
  const parts = ("union" in choice ? choice.union : choice.intersection).map((part) => chooseBy(context, part));
  const [first = new Set<string>(), ...others] = parts;
  const chosen =
    "union" in choice
      ? new Set(parts.flatMap((part) => [...part]))
      : new Set([...first].filter((id) => others.every((other) => other.has(id))));
  for (const part of choice.exclude) for (const id of chooseBy(context, part)) chosen.delete(id);
  return chosen;
}

/**
 * What dbt's `--select` and `--exclude` mean: names, paths and methods such as `tag:`, with `+`, `n+` and `@` around them, unions and
 * intersections. Where neither is given, the default of selectors.yml counts. A criterion that names nothing is refused, and so is a
 * method that is not known.
 */
export function selectNodes(
  project: Project,
  { select, exclude }: { select?: string[] | undefined; exclude?: string[] | undefined },
): Selection {
  const graph = readGraph(project);
  const context = { graph, project };
  const { standard } = project.selectors;
  const chosen = select
    ? chooseAll(context, select)
    : standard !== undefined && !exclude
      ? chooseSelector(context, standard)
      : new Set(graph.nodes.keys());
  const left = exclude ? chooseAll(context, exclude) : new Set<string>();
  const names = (...kinds: Kind[]) =>
    new Set(
      [...graph.nodes.values()]
        .filter(({ id, kind }) => kinds.includes(kind) && chosen.has(id) && !left.has(id))
        .map(({ name }) => name),
    );
  return { models: names("model", "seed", "snapshot"), tests: names("test"), unitTests: names("unit_test") };
}
