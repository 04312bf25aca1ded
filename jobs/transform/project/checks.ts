import type { Attempt } from "./attempt.ts";
import type { Properties } from "./properties.ts";
import { refuse, refuseClash } from "./refusal.ts";
import type { Draft } from "./resources.ts";
import { type Model, type Project, quoteRelation } from "./types.ts";

/** Leaves out, in place, what a check finds at fault. */
function keep<T extends { name: string; path: string }>(
  items: T[],
  attempt: Attempt,
  check: (item: T) => void,
  concerns?: (item: T) => string[],
): void {
  const good = items.filter((item) => {
    const of = { path: item.path, node: item.name, ...(concerns && { concerns: concerns(item) }) };
    return attempt(of, () => {
      check(item);
      return true;
    });
  });
  items.splice(0, items.length, ...good);
}

/** Refuses what has a name that something before it has. */
export function unique<T extends { name: string; path: string }>(
  items: T[],
  attempt: Attempt,
  concerns?: (item: T) => string[],
): void {
  const seen = new Map<string, string>();
  const refuseSecond = ({ name, path }: T) => {
    const before = seen.get(name);
    if (before !== undefined) throw refuse(path, `'${name}' is there twice, also in ${before}`);
    seen.set(name, path);
  };
  keep(items, attempt, refuseSecond, concerns);
}

const folderOf = { model: "models", seed: "seeds", snapshot: "snapshots" };

/** Refuses names that are there twice, and descriptions of nothing. */
export function checkNames(
  drafts: Draft[],
  { resources, sources }: Properties,
  base: Project | undefined,
  attempt: Attempt,
): void {
  const taken = new Set([...(base?.models ?? []), ...(base?.sources ?? [])].map(({ name }) => name));
  const refuseTaken = ({ name, path }: { name: string; path: string }) => {
    if (taken.has(name)) throw refuseClash(path, `'${name}' is there already, in the project ${base?.name}`);
  };
  keep(drafts, attempt, refuseTaken);
  keep(sources, attempt, refuseTaken);
  unique(drafts, attempt);
  unique(sources, attempt);
  for (const kind of ["model", "seed", "snapshot"] as const) {
    const described = resources.filter(({ resourceType }) => resourceType === kind);
    unique(described, attempt);
    keep(described, attempt, ({ name, path, line }) => {
      if (drafts.some((draft) => draft.name === name && draft.resourceType === kind)) return;
      throw refuse(`${path}:${line}`, `describes the ${kind} '${name}', which has no file in ${folderOf[kind]}/`);
    });
  }
}

/** Refuses a model that reads one which is there but disabled. */
export function refuseDisabled(models: Model[], disabled: ReadonlySet<string>, attempt: Attempt): void {
  for (const model of models) {
    const missing = model.dependsOn.find((name) => disabled.has(name));
    if (missing === undefined) continue;
    attempt({ path: model.path, node: model.name, concerns: [missing] }, () => {
      throw refuse(model.path, `reads the model '${missing}', which is disabled`);
    });
  }
}

/** Refuses two models in one place: they would overwrite each other. */
export function refuseShared(models: Model[], base: Project | undefined, attempt: Attempt): void {
  const below = new Set(base?.models);
  const seen = new Map<string, Model>();
  for (const model of models.filter(({ config }) => config.materialized !== "ephemeral")) {
    const place = quoteRelation(model.relation);
    const before = seen.get(place);
    attempt({ path: model.path, node: model.name }, () => {
      if (!before) return;
      const problem = `stands in ${place}, as '${before.name}' of ${before.path} does`;
      throw below.has(before) ? refuseClash(model.path, problem) : refuse(model.path, problem);
    });
    seen.set(place, before ?? model);
  }
}
