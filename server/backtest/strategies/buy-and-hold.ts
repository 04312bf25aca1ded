import { z } from "zod";
import { decideEach, defineStrategy } from "../strategy.ts";

/** What every other strategy is measured against. */
export const buyAndHold = defineStrategy({
  id: "buy_and_hold",
  name: "Buy and hold",
  description: "Long from the first session on: bought at the second session's open, and never sold.",
  parameters: z.strictObject({}),
  warmup: () => 0,
  signals: ({ close }) => decideEach(close.length, 0, () => 1),
});
