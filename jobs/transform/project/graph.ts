import { refuse } from "./refusal.ts";
import type { Model } from "./types.ts";

/** Orders models so that each comes after those it reads; of several such orders, by name. Refuses a cycle, naming it. */
export function orderModels(models: Model[]): Model[] {
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
  for (const model of [...models].sort((a, b) => (a.name < b.name ? -1 : 1))) visit(model, []);
  return [...ordered];
}

/** Everything that `name` reads, and what that reads, without itself. */
export function ancestors(models: Model[], name: string): Set<string> {
  const byName = new Map(models.map((model) => [model.name, model]));
  const found = new Set<string>();
  const visit = (current: string): void => {
    for (const parent of byName.get(current)?.dependsOn ?? []) {
      if (!byName.has(parent) || found.has(parent)) continue;
      found.add(parent);
      visit(parent);
    }
  };
  visit(name);
  return found;
}

/** Everything that reads `name`, directly or not, without itself. */
export function descendants(models: Model[], name: string): Set<string> {
  return new Set(models.filter((model) => ancestors(models, model.name).has(name)).map((model) => model.name));
}
