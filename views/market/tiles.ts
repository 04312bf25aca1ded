/** A tile of a map; all in parts of the whole, from its upper left. */
export type Tile = { x: number; y: number; width: number; height: number };

/** The worst proportion of a row of areas along a side: 1 is a square. */
function worstOf(areas: readonly number[], side: number): number {
  const sum = areas.reduce((one, other) => one + other, 0);
  const [largest, smallest] = [Math.max(...areas), Math.min(...areas)];
  return Math.max((side * side * largest) / (sum * sum), (sum * sum) / (side * side * smallest));
}

/** How many of the next areas make the row whose tiles are nearest to squares. */
function rowLength(areas: readonly number[], side: number): number {
  let length = 1;
  while (length < areas.length && worstOf(areas.slice(0, length + 1), side) <= worstOf(areas.slice(0, length), side)) {
    length += 1;
  }
  return length;
}

/**
 * Tiles as large as their weights, which are above nought and descending, in a map `aspect` times as wide as it is high: rows along the
 * shorter side of what is left, as square as can be (Bruls, Huizing and van Wijk, 2000).
 */
export function tilesOf(weights: readonly number[], aspect: number): Tile[] {
  const total = weights.reduce((one, other) => one + other, 0);
  const left = { x: 0, y: 0, width: aspect, height: 1 };
  const areas = weights.map((weight) => (weight / total) * aspect);
  const tiles: Tile[] = [];
  while (tiles.length < areas.length) {
    const rest = areas.slice(tiles.length);
    const isUpright = left.width >= left.height;
    const side = isUpright ? left.height : left.width;
    const row = rest.slice(0, rowLength(rest, side));
    const depth = row.reduce((one, other) => one + other, 0) / side;
    let along = 0;
    for (const area of row) {
      const length = area / depth;
      tiles.push(
        isUpright
          ? { x: left.x / aspect, y: left.y + along, width: depth / aspect, height: length }
          : { x: (left.x + along) / aspect, y: left.y, width: length / aspect, height: depth },
      );
      along += length;
    }
    if (isUpright) Object.assign(left, { x: left.x + depth, width: left.width - depth });
    else Object.assign(left, { y: left.y + depth, height: left.height - depth });
  }
  return tiles;
}
