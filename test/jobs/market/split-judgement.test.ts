import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { doubtOf, type SplitEvidence } from "../../../jobs/market/split-judgement.ts";

const apple: SplitEvidence = {
  splitFrom: 1,
  splitTo: 4,
  adjustmentType: "forward_split",
  closeBefore: 499.23,
  openAfter: 127.58,
};
const judge = (change: Partial<SplitEvidence>) => doubtOf({ ...apple, ...change });
const unseen = { closeBefore: null, openAfter: null };

describe("a split", () => {
  test("whose type, ratio and prices agree counts; without a type, or without prices, it counts too", () => {
    expect(judge({})).toBeNull();
    expect(judge({ adjustmentType: null })).toBeNull();
    expect(judge(unseen)).toBeNull();
    expect(judge({ openAfter: null, closeBefore: 1 })).toBeNull();
    expect(judge({ adjustmentType: "a word of tomorrow" })).toBeNull();
  });

  test("whose type contradicts its ratio is set aside, whatever the prices say", () => {
    expect(judge({ adjustmentType: "reverse_split" })).toBe("type");
    expect(judge({ splitFrom: 4, splitTo: 1 })).toBe("type");
    expect(judge({ splitFrom: 4, splitTo: 1, adjustmentType: "stock_dividend" })).toBe("type");
    expect(judge({ splitFrom: 1, splitTo: 25_000, adjustmentType: "reverse_split", ...unseen })).toBe("type");
  });

  test("of one for one contradicts no type: it changes nothing", () => {
    for (const adjustmentType of ["forward_split", "reverse_split", "stock_dividend"]) {
      expect(judge({ splitFrom: 1, splitTo: 1, adjustmentType })).toBeNull();
    }
  });

  test("beyond 1 for 10,000 is set aside, and the largest on record counts", () => {
    const reverse = { adjustmentType: "reverse_split", splitTo: 1, ...unseen };
    expect(judge({ ...reverse, splitFrom: 250 })).toBeNull();
    expect(judge({ ...reverse, splitFrom: 10_000 })).toBeNull();
    expect(judge({ ...reverse, splitFrom: 10_001 })).toBe("ratio");
    expect(judge({ splitTo: 10_000, ...unseen })).toBeNull();
    expect(judge({ splitFrom: 0.00001, splitTo: 1, ...unseen })).toBe("ratio");
  });

  test("that prices deny is set aside: no step on its day, or one the other way", () => {
    expect(judge({ openAfter: 503 })).toBe("prices");
    expect(judge({ openAfter: 1_997 })).toBe("prices");
    expect(judge({ splitFrom: 10, splitTo: 1, adjustmentType: "reverse_split", closeBefore: 3, openAfter: 2.8 })).toBe(
      "prices",
    );
  });

  test("too small for prices to tell counts, as a stock dividend of 5 % does", () => {
    expect(judge({ splitTo: 1.05, adjustmentType: "stock_dividend", openAfter: 499 })).toBeNull();
    expect(judge({ splitTo: 1.4869999, openAfter: 499 })).toBeNull();
    expect(judge({ splitFrom: 2, splitTo: 3, openAfter: 499 })).toBe("prices");
  });

  const markets = fc.record({
    price: fc.double({ min: 0.0001, max: 500_000, noNaN: true }),
    /** The larger of the two numbers of shares, over the smaller. */
    factor: fc.double({ min: 1.5, max: 9_999, noNaN: true }),
    isForward: fc.boolean(),
    /** What news did to the price that night, as a part of the split's step in logarithms. */
    news: fc.double({ min: -0.74, max: 0.74, noNaN: true }),
    isTyped: fc.boolean(),
  });
  const evidenceOf = ({
    price,
    factor,
    isForward,
    isTyped,
  }: Omit<typeof markets extends fc.Arbitrary<infer M> ? M : never, "news">) => ({
    splitFrom: isForward ? 1 : factor,
    splitTo: isForward ? factor : 1,
    adjustmentType: isTyped ? (isForward ? "forward_split" : "reverse_split") : null,
    closeBefore: price,
    step: Math.log(isForward ? 1 / factor : factor),
  });

  test("that happened is never set aside, whatever the news of its night within three quarters of its step", () => {
    fc.assert(
      fc.property(markets, ({ news, ...market }) => {
        const { step, ...split } = evidenceOf(market);
        expect(doubtOf({ ...split, openAfter: market.price * Math.exp(step * (1 + news)) })).toBeNull();
      }),
    );
  });

  test("that did not happen always is, where the news were less than a quarter of its step", () => {
    fc.assert(
      fc.property(markets, ({ news, ...market }) => {
        const { step, ...split } = evidenceOf(market);
        expect(doubtOf({ ...split, openAfter: market.price * Math.exp((step * news) / 3) })).toBe("prices");
      }),
    );
  });

  test("that is turned around, as its type may be too, always is", () => {
    fc.assert(
      fc.property(markets, ({ news, ...market }) => {
        const { step, splitFrom, splitTo, closeBefore } = evidenceOf(market);
        const turned = { splitFrom: splitTo, splitTo: splitFrom, adjustmentType: null, closeBefore };
        expect(doubtOf({ ...turned, openAfter: market.price * Math.exp(step * (1 + news)) })).toBe("prices");
      }),
    );
  });
});
