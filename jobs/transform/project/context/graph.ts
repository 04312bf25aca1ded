import { Dict, type Value } from "../../jinja/values.ts";
import { factsOf } from "../compile.ts";
import type { Model, Source } from "../types.ts";
import { nodeValue } from "./node.ts";

/** dbt's `graph`: what is built, and sources, by their unique ids. */
export function graphValue(models: Model[], sources: Source[], target: { database: string; schema: string }): Value {
  const idOf = new Map([...models, ...sources].map(({ name, uniqueId }) => [name, uniqueId]));
  const columnsOf = (columns: Model["columns"]) => Object.fromEntries(columns.map((column) => [column.name, column]));
  const nodes = models.map((model): [Value, Value] => {
    const { description, columns, dependsOn, text } = model;
    const parents = dependsOn.map((name) => idOf.get(name) ?? name);
    const more = {
      description,
      columns: columnsOf(columns),
      raw_code: text,
      depends_on: { nodes: parents, macros: [] },
    };
    return [model.uniqueId, nodeValue({ ...factsOf(model), more }, model.relation, target)];
  });
  const described = sources.map((source): [Value, Value] => {
    const [sourceName, table] = source.name.split(".");
    const { uniqueId, fqn, path, tags, relation, description, columns } = source;
    const more = { source_name: sourceName, identifier: relation.identifier, description, columns: columnsOf(columns) };
    const facts = {
      name: table ?? "",
      uniqueId,
      package: source.package,
      fqn,
      resourceType: "source",
      path,
      config: {},
      tags,
    };
    return [uniqueId, nodeValue({ ...facts, more }, relation, target)];
  });
  return new Dict([
    ["nodes", new Dict(nodes)],
    ["sources", new Dict(described)],
    ["exposures", new Dict()],
    ["metrics", new Dict()],
    ["groups", new Dict()],
  ]);
}
