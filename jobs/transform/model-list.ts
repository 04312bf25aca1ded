import type { ModelNode } from "../pipeline.ts";
import type { Transform } from "./transform.ts";

/** Reading and rendering the project takes some 25 ms, and a page that refreshes itself asks every second. */
const keptMs = 10_000;

/** Lists what the dbt project is made of, in an order in which each comes after what it reads; read again after ten seconds. */
export function createModelList(options: { transform: Transform; now(): Date }): () => Promise<ModelNode[]> {
  let kept: { at: number; nodes: ModelNode[] } | undefined;
  return async () => {
    const at = options.now().getTime();
    if (!kept || at < kept.at || at - kept.at > keptMs) kept = { at, nodes: readModels(options.transform) };
    return kept.nodes;
  };
}

function readModels(transform: Transform): ModelNode[] {
  const { sources, nodes } = transform.project();
  return [
    ...sources.map(
      ({ name, description, tests }): ModelNode => ({
        name,
        kind: "source",
        materialization: null,
        description,
        dependsOn: [],
        tests: tests.length,
      }),
    ),
    ...nodes
      .filter(({ resourceType }) => resourceType !== "test")
      .map(
        ({ name, materialization, description, dependsOn, tests }): ModelNode => ({
          name,
          kind: "model",
          materialization,
          description,
          dependsOn,
          tests: tests.length,
        }),
      ),
  ];
}
