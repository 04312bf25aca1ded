import { z } from "zod";
import type { Quarantined } from "../../db/queries/market/read-quarantines.ts";
import { date } from "../http/schemas.ts";

const ticker = z.string().meta({ description: "The label in that session." });

export const barAnswer = z
  .strictObject({
    date,
    ticker,
    open: z.number(),
    high: z.number(),
    low: z.number(),
    close: z.number(),
    volume: z.number().meta({ description: "Shares; fractional." }),
    vwap: z.number().nullable(),
  })
  .meta({ id: "Bar" });

export const statedBar = z
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

const lakeKey = z.string().meta({ description: "Key of an object in the lake." });

export const restatementAnswer = z
  .strictObject({
    ticker,
    date,
    statedAt: z.iso.datetime().meta({ description: "When what it said before was loaded." }),
    replacedAt: z.iso.datetime().meta({ description: "When what it says since was loaded." }),
    before: statedBar,
    after: statedBar,
    files: z.strictObject({ before: lakeKey.nullable(), after: lakeKey.nullable() }).optional().meta({
      description: "The raw answers in the lake that say the one and the other; absent where neither is known.",
    }),
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

export const withdrawnAnswer = z
  .strictObject({
    ticker,
    date,
    bar: statedBar,
    statedAt: z.iso.datetime().meta({ description: "When what it said was loaded." }),
    withdrawnAt: z.iso.datetime().meta({ description: "When the second answer in a row that lacks it was loaded." }),
    returnedAt: z.iso
      .datetime()
      .nullable()
      .meta({ description: "When the vendor's stating it again was loaded; null while it is withdrawn." }),
    files: z
      .strictObject({ stated: lakeKey.nullable(), lacking: z.array(lakeKey) })
      .meta({ description: "The raw answers in the lake: what stated it, and the two that lack it." }),
  })
  .meta({ id: "WithdrawnBar" });

export const tickerAnswer = z
  .strictObject({
    ticker: z.string(),
    name: z.string(),
    type: z.string().nullable(),
    active: z.boolean(),
    quarantined: quarantinedAnswer,
  })
  .meta({ id: "Ticker" });
