import { nodeValue } from "./context/node.ts";
import type { NodeFacts } from "./context/scope.ts";
import type { Jinja } from "./jinja.ts";
import { refuse } from "./refusal.ts";
import type { Relation } from "./types.ts";

/** What a config says of where something is to stand. */
type Place = { schema: string | null | undefined; alias: string | null | undefined };

/** Decides where models, seeds, snapshots and failing rows stand, by the project's `generate_schema_name` and `generate_alias_name`. */
export type Naming = (node: NodeFacts, place: Place, where: string) => Relation;

/** PostgreSQL cuts what is longer, and two names could become one. */
const longestName = 63;

/** A package's own macros speak for its own models, the project's for all others. */
export function createNaming(
  jinja: Jinja,
  { projectName, ...target }: { projectName: string; database: string; schema: string },
): Naming {
  const call = (macro: string, custom: string | null | undefined, node: NodeFacts): string => {
    const owner = jinja.find(macro, node.package) ? node.package : projectName;
    const refuseHere = () => {
      throw refuse(node.path, `${macro} can name no model`);
    };
    return jinja
      .render(`{{ ${macro}(dbt_custom_name, dbt_node) }}`, {
        ...{ path: node.path, package: owner, self: undefined, incremental: false, execute: false, node },
        ...{ ref: refuseHere, source: refuseHere, config: () => {} },
        names: { dbt_custom_name: custom ?? null, dbt_node: nodeValue(node, undefined, target) },
      })
      .trim();
  };
  return (node, { schema, alias }, where) => {
    const relation = {
      schema: call("generate_schema_name", schema, node),
      identifier: call("generate_alias_name", alias, node),
    };
    for (const name of Object.values(relation)) {
      if (name.length === 0 || name.length > longestName)
        throw refuse(where, `'${name}' can name nothing in PostgreSQL`);
    }
    return relation;
  };
}
