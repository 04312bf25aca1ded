import { z } from "zod";
import type { Quarantined } from "../../db/queries/market/read-quarantines.ts";
import { date } from "../http/schemas.ts";

export const barAnswer = z
  .strictObject({
    date,
    open: z.number(),
    high: z.number(),
    low: z.number(),
    close: z.number(),
    volume: z.number().meta({ description: "Shares; fractional." }),
    vwap: z.number().nullable(),
  })
  .meta({ id: "Bar" });

const statedBar = z
  .strictObject({
    open: z.number(),
    high: z.number(),
    low: z.number(),
    close: z.number(),
    volume: z.number(),
    vwap: z.number().nullable(),
    transactions: z.number().nullable(),
  })
  .meta({ id: "StatedBar", description: "A bar as the vendor stated it, unadjusted." });

export const restatementAnswer = z
  .strictObject({
    date,
    statedAt: z.iso.datetime().meta({ description: "When what it said before was loaded." }),
    replacedAt: z.iso.datetime().meta({ description: "When what it says since was loaded." }),
    before: statedBar,
    after: statedBar,
  })
  .meta({ id: "Restatement" });

export const quarantinedAnswer = z
  .strictObject({
    since: z.iso.datetime(),
    test: z.string().meta({ description: "The data test that fails or, where a statement did, its model or test." }),
    reason: z.string(),
  })
  .nullable()
  .meta({ description: "Why its newest rows are not published; null where none is held back." });

/** What an answer says of a ticker in quarantine. */
export const toQuarantined = (found: Quarantined | null | undefined): z.input<typeof quarantinedAnswer> =>
  found ? { since: found.since.toISOString(), test: found.test, reason: found.reason } : null;

export const tickerAnswer = z
  .strictObject({
    ticker: z.string(),
    name: z.string(),
    type: z.string().nullable(),
    active: z.boolean(),
    quarantined: quarantinedAnswer,
  })
  .meta({ id: "Ticker" });
