/** How many bars tell a session from every other. */
const printSize = 64;

type TradedRow = { T: string; o: number; h: number; l: number; c: number; v: number };

/**
 * The print of a whole-market answer: hashes of its most traded bars, as whole numbers of 64 bits in decimal. Two sessions have
 * hardly one in common, as no two days end with the same millions of shares. A bar without trades, or with a single price, may well
 * be the day before's, and is in none.
 */
export function printOf(rows: readonly unknown[]): string[] {
  const traded = rows.filter(isTraded);
  // Numbers alone sort many times faster than rows by a number of theirs.
  const volumes = Float64Array.from(traded, ({ v }) => v).sort();
  const least = volumes.at(-printSize) ?? 0;
  const hashes = new Set<string>();
  for (const { T, o, h, l, c, v } of traded) {
    if (v < least || hashes.size >= printSize) continue;
    hashes.add(String(BigInt.asIntN(64, Bun.hash.xxHash64(JSON.stringify([T, o, h, l, c, v])))));
  }
  return [...hashes];
}

function isTraded(row: unknown): row is TradedRow {
  if (typeof row !== "object" || row === null) return false;
  const { T, o, h, l, c, v } = row as Record<string, unknown>;
  if (typeof T !== "string" || typeof o !== "number" || typeof c !== "number") return false;
  return typeof h === "number" && typeof l === "number" && typeof v === "number" && h > l && v > 0;
}
