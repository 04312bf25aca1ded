/** A directed graph to be drawn. Bands follow one another; an edge leads forward within its band or into a later one. */
export type Shape = { nodes: { id: string; band: number }[]; edges: { from: string; to: string }[] };

/** A node, or a bend: where an edge passes a layer that it has no node in. */
export type Item = { key: string; isBend: boolean };

/** The layers of one band, each in drawing order, and for each edge inside the band what it passes, ends included. */
export type Layered = { layers: Item[][]; chains: Map<string, string[]> };

type Edge = Shape["edges"][number];

/** The name of an edge among the chains. */
export const edgeKey = ({ from, to }: Edge) => `${from} -> ${to}`;

const sweeps = 8;

/**
 * Layers by the longest path from a node that nothing leads to, bends for the edges that pass a layer, and an order
 * within each layer by barycentres (Sugiyama, Tagawa and Toda, 1981): the best of a few sweeps. The same graph always
 * gives the same picture. Edges that close a circle count for nothing.
 */
export function toLayers(nodes: string[], edges: Edge[]): Layered {
  const { depth, forward } = measureDepths(nodes, edges);
  const layers: Item[][] = Array.from({ length: Math.max(-1, ...depth.values()) + 1 }, () => []);
  for (const id of nodes) layers[depth.get(id) ?? 0]?.push({ key: id, isBend: false });
  const chains = new Map<string, string[]>();
  for (const edge of forward) {
    const chain = [edge.from];
    const [first, last] = [(depth.get(edge.from) ?? 0) + 1, depth.get(edge.to) ?? 0];
    for (let layer = first; layer < last; layer++) {
      // Edges of one node bend at one place: they part as late as they can.
      const key = `${edge.from} @ ${layer}`;
      const items = layers[layer] ?? [];
      if (!items.some((item) => item.key === key)) items.push({ key, isBend: true });
      chain.push(key);
    }
    chains.set(edgeKey(edge), [...chain, edge.to]);
  }
  return { layers: orderLayers(layers, linksOf(chains)), chains };
}

/** Each node's layer, and the edges without those that close a circle. */
function measureDepths(nodes: string[], edges: Edge[]): { depth: Map<string, number>; forward: Edge[] } {
  const known = new Set(nodes);
  const inside = edges.filter(({ from, to }) => known.has(from) && known.has(to));
  const depth = new Map<string, number>();
  const closing = new Set<Edge>();
  const visit = (id: string, trail: string[]): number => {
    const before = depth.get(id);
    if (before !== undefined) return before;
    let deepest = 0;
    for (const edge of inside.filter(({ to }) => to === id)) {
      if (edge.from === id || trail.includes(edge.from)) closing.add(edge);
      else deepest = Math.max(deepest, visit(edge.from, [...trail, id]) + 1);
    }
    depth.set(id, deepest);
    return deepest;
  };
  for (const id of nodes) visit(id, []);
  return { depth, forward: inside.filter((edge) => !closing.has(edge)) };
}

/** Steps of the chains from one layer to the next, each once. */
function linksOf(chains: Map<string, string[]>): [string, string][] {
  const links = new Map<string, [string, string]>();
  for (const chain of chains.values()) {
    for (const [index, to] of chain.entries()) {
      const from = chain[index - 1];
      if (from !== undefined) links.set(`${from} -> ${to}`, [from, to]);
    }
  }
  return [...links.values()];
}

function orderLayers(layers: Item[][], links: [string, string][]): Item[][] {
  let best = layers;
  let fewest = countCrossings(layers, links);
  let current = layers;
  for (let sweep = 0; sweep < sweeps && fewest > 0; sweep++) {
    current = sweepOnce(current, links, sweep % 2 === 0);
    const crossings = countCrossings(current, links);
    if (crossings < fewest) [best, fewest] = [current, crossings];
  }
  return best;
}

/** Sorts each layer by where its neighbours stand in the layer before (`down`) or after. */
function sweepOnce(layers: Item[][], links: [string, string][], down: boolean): Item[][] {
  const sorted = [...layers];
  const indexes = down ? layers.map((_, index) => index) : layers.map((_, index) => layers.length - 1 - index);
  for (const index of indexes.slice(1)) {
    const fixed = positionsOf(sorted[index + (down ? -1 : 1)] ?? []);
    const layer = sorted[index] ?? [];
    const weights = layer.map(({ key }, position) => {
      const near = links.flatMap(([from, to]) => {
        const [own, other] = down ? [to, from] : [from, to];
        const at = own === key ? fixed.get(other) : undefined;
        return at === undefined ? [] : [at];
      });
      return near.length === 0 ? position : near.reduce((sum, at) => sum + at, 0) / near.length;
    });
    sorted[index] = layer
      .map((item, position) => ({ item, position, weight: weights[position] ?? position }))
      .sort((a, b) => a.weight - b.weight || a.position - b.position)
      .map(({ item }) => item);
  }
  return sorted;
}

const positionsOf = (layer: Item[]) => new Map(layer.map(({ key }, position) => [key, position]));

/** How many pairs of links cross between neighbouring layers. */
export function countCrossings(layers: Item[][], links: [string, string][]): number {
  let crossings = 0;
  for (const [index, layer] of layers.entries()) {
    const [left, right] = [positionsOf(layer), positionsOf(layers[index + 1] ?? [])];
    const here = links.flatMap(([from, to]) => {
      const [a, b] = [left.get(from), right.get(to)];
      return a === undefined || b === undefined ? [] : [[a, b] as const];
    });
    for (const [position, [a, b]] of here.entries()) {
      for (const [c, d] of here.slice(position + 1)) if ((a - c) * (b - d) < 0) crossings++;
    }
  }
  return crossings;
}
