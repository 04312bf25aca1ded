/**
 * Finds which of some items make `fails` true: each by itself, or the smallest run of neighbours that only fail together. Some of
 * them do, all together. Stops once more than `most` are found. Asks twice a halving for each that is found.
 */
export async function bisect<T>(
  items: readonly T[],
  fails: (some: readonly T[]) => Promise<boolean>,
  most: number,
): Promise<T[][]> {
  const found: T[][] = [];
  const search = async (part: readonly T[]): Promise<void> => {
    if (part.length < 2) {
      found.push([...part]);
      return;
    }
    const middle = part.length >> 1;
    let isAlone = true;
    for (const half of [part.slice(0, middle), part.slice(middle)]) {
      if (found.length > most) return;
      if (!(await fails(half))) continue;
      isAlone = false;
      await search(half);
    }
    if (isAlone) found.push([...part]);
  };
  await search(items);
  return found;
}
