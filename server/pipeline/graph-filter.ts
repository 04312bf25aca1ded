import type { GraphChoice, GraphEdge, GraphNode, GraphView } from "../../views/pipeline/graph-types.ts";

/** Every node that leads to one of these, or that one of these leads to, itself included. */
function reach(from: readonly string[], edges: readonly GraphEdge[], back: boolean): Set<string> {
  const found = new Set(from);
  const queue = [...from];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const edge of edges) {
      const [here, next] = back ? [edge.to, edge.from] : [edge.from, edge.to];
      if (here !== id || found.has(next)) continue;
      found.add(next);
      queue.push(next);
    }
  }
  return found;
}

/** A job, what wakes it and what it records. What it begins is the whole project: that is another question. */
function aroundJob(id: string, edges: readonly GraphEdge[]): Set<string> {
  const near = edges.filter(({ from, to, kind }) => kind !== "begins" && (from === id || to === id));
  return new Set([id, ...near.flatMap(({ from, to }) => [from, to])]);
}

/** A model with all that it is made from and all that is made from it, within the project. */
function aroundModel(id: string, edges: readonly GraphEdge[]): Set<string> {
  const reads = edges.filter(({ kind }) => kind === "reads");
  return new Set([...reach([id], reads, true), ...reach([id], reads, false)]);
}

/** The band of the people's own models. */
const ownBand = 2;

/** These nodes with what they read directly. */
const withParents = (own: Set<string>, edges: readonly GraphEdge[]) =>
  new Set([...own, ...edges.flatMap(({ from, to, kind }) => (kind === "reads" && own.has(to) ? [from] : []))]);

function chosenIds({ nodes, edges }: GraphView, { job, model, part }: GraphChoice): Set<string> {
  const known = new Set(nodes.map(({ id }) => id));
  const of = (kept: (node: GraphNode) => boolean) => new Set(nodes.filter(kept).map(({ id }) => id));
  if (known.has(model)) return aroundModel(model, edges);
  if (known.has(job)) return aroundJob(job, edges);
  if (part === "pipeline") return of(({ band }) => band === 0);
  if (part === "workspace")
    return withParents(
      of(({ band }) => band === ownBand),
      edges,
    );
  return part === "models" ? of(({ band }) => band > 0) : known;
}

/** The part of the graph that is asked for, with the edges within it. */
export function chooseOf(graph: GraphView, choice: GraphChoice): GraphView {
  const chosen = chosenIds(graph, choice);
  return {
    ...graph,
    choice,
    nodes: graph.nodes.filter(({ id }) => chosen.has(id)),
    edges: graph.edges.filter(({ from, to }) => chosen.has(from) && chosen.has(to)),
  };
}
