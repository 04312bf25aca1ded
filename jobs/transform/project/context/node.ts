import { fromPlain } from "../../jinja/plain.ts";
import type { Value } from "../../jinja/values.ts";
import type { Relation } from "../types.ts";
import type { NodeFacts } from "./scope.ts";

/** A node as templates see it, for `model`, `graph` and the macros that name relations. */
export function nodeValue(
  node: NodeFacts | undefined,
  self: Relation | undefined,
  { database, schema }: { database: string; schema: string },
): Value {
  return fromPlain({
    name: node?.name,
    alias: self?.identifier ?? node?.name,
    schema: self?.schema ?? schema,
    database,
    unique_id: node?.uniqueId,
    fqn: node?.fqn,
    resource_type: node?.resourceType,
    original_file_path: node?.path,
    path: node?.path.replace(/^[^/]*\//, ""),
    package_name: node?.package,
    config: node?.config,
    tags: node?.tags,
    ...node?.more,
  });
}
