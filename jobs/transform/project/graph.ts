import { type Attempt, strictly } from "./attempt.ts";
import { refuse } from "./refusal.ts";
import type { Model } from "./types.ts";

/** Orders models so that each comes after those it reads; of several such orders, by name. Refuses a cycle, naming it. */
export function orderModels(models: Model[], attempt: Attempt = strictly): Model[] {
  const byName = new Map(models.map((model) => [model.name, model]));
  const ordered = new Set<Model>();
  const visit = (model: Model, trail: Model[]): void => {
    if (ordered.has(model)) return;
    const start = trail.indexOf(model);
    if (start >= 0) {
      const cycle = [...trail.slice(start), model].map(({ name }) => name).join(" -> ");
      throw refuse(model.path, `the models read each other in a circle: ${cycle}`);
    }
    for (const name of [...model.dependsOn].sort()) {
      const parent = byName.get(name);
      if (parent) visit(parent, [...trail, model]);
    }
    ordered.add(model);
  };
  for (const model of [...models].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    attempt({ path: model.path, node: model.name }, () => visit(model, []));
  }
  return [...ordered];
}

/** The names that a text reads by `ref`, as far as they can be told of one that cannot be rendered. */
export const namedIn = (text: string): string[] =>
  [...text.matchAll(/\bref\s*\(([^)]*)\)/g)].flatMap(([, inside = ""]) => /(\w+)\W*$/.exec(inside)?.[1] ?? []);

/** These nodes and all that they read, by whatever way, sources included; by name. */
export function withAncestors(
  nodes: readonly { name: string; dependsOn: readonly string[] }[],
  names: readonly string[],
): Set<string> {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    for (const parent of byName.get(name)?.dependsOn ?? []) visit(parent);
  };
  for (const name of names) visit(name);
  return found;
}

/** Everything that reads `name`, directly or not, without itself. */
export function descendants(models: Model[], name: string): Set<string> {
  const readers = models.filter((model) => model.name !== name && withAncestors(models, [model.name]).has(name));
  return new Set(readers.map((model) => model.name));
}
