import type { Value } from "./values.ts";

/** Names and their values, within those of what is around. */
export type Scope = {
  get(name: string): Value | undefined;
  /** Sets a name here; those around keep theirs, as in Jinja2. */
  set(name: string, value: Value): void;
  inner(): Scope;
};

export function createScope(outer?: (name: string) => Value | undefined): Scope {
  const values = new Map<string, Value>();
  const scope: Scope = {
    // None is a value: only what is undefined is looked for further out.
    get: (name) => (values.has(name) ? values.get(name) : outer?.(name)),
    set: (name, value) => void values.set(name, value),
    inner: () => createScope(scope.get),
  };
  return scope;
}

/** Where a template is while it runs. */
export type Place = { path: string; line: number };

/** One rendering: what all its parts share. */
export type Run = {
  /** Moves along as the template is evaluated, so that a fault is known to be there. */
  place: Place;
  globals: Scope;
  depth: number;
  /** How often loops have gone round. */
  rounds: number;
  /** Whether what is not defined is refused in a file, where dbt goes on with nothing. */
  refusesUndefined(path: string): boolean;
  /** The file that is only parsed, for what it reads and its config: in it dbt goes on where something is not defined. */
  parsed: string | undefined;
};
