import { describe, expect, test } from "bun:test";
import { bisect } from "../../../jobs/quarantine/bisect.ts";
import { createRandom } from "../../support/random.ts";

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

describe("bisection", () => {
  test("finds each faulty item, wherever they are, in few questions", async () => {
    const random = createRandom(7);
    for (let round = 0; round < 200; round++) {
      const items = numbers(1 + Math.floor(random() * 3000));
      const faulty = new Set(numbers(1 + Math.floor(random() * 4)).map(() => Math.floor(random() * items.length)));
      let asked = 0;
      const found = await bisect(
        items,
        async (some) => {
          asked += 1;
          return some.some((item) => faulty.has(item));
        },
        100,
      );
      expect(found).toEqual([...faulty].sort((a, b) => a - b).map((item) => [item]));
      expect(asked).toBeLessThanOrEqual(2 * faulty.size * Math.ceil(Math.log2(Math.max(2, items.length))));
    }
  });

  test("keeps together what only fails together", async () => {
    const fails = async (some: readonly number[]) => some.includes(1) && some.includes(6);
    expect(await bisect(numbers(8), fails, 10)).toEqual([numbers(8)]);
  });

  test("stops once more are found than anybody wants", async () => {
    let asked = 0;
    const found = await bisect(
      numbers(1024),
      async () => {
        asked += 1;
        return true;
      },
      3,
    );
    expect(found).toHaveLength(4);
    expect(asked).toBeLessThan(40);
  });
});
