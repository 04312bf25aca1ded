import { z } from "zod";
import { booleanInUrl, date, dateInput, numberInUrl } from "../http/schemas.ts";
import { barAnswer } from "./bar-schemas.ts";

const mostTickers = 500;
const mostColumns = 100;
/** Rows of a page of JSON where no number is asked for. */
export const usualPage = 1000;
const largestPage = 10_000;

const oneTicker = "[A-Za-z0-9][A-Za-z0-9./:^+=_-]{0,31}";
const tickersAllowed = `has to be 1 to ${mostTickers} tickers separated by commas, such as AAPL,BRK.B; case counts`;
const tickers = z
  .string({ error: tickersAllowed })
  .regex(new RegExp(`^${oneTicker}(,${oneTicker}){0,${mostTickers - 1}}$`), { error: tickersAllowed })
  .transform((text) => [...new Set(text.split(","))])
  .meta({ description: "Separated by commas; rows come in their order.", example: "AAPL,MSFT" });

const oneColumn = "[A-Za-z0-9_]{1,63}(\\.[A-Za-z0-9_]{1,63})?";
const columnsAllowed = `has to be 1 to ${mostColumns} columns separated by commas`;
const columns = z
  .string({ error: columnsAllowed })
  .regex(new RegExp(`^${oneColumn}(,${oneColumn}){0,${mostColumns - 1}}$`), { error: columnsAllowed })
  .transform((text) => [...new Set(text.split(","))])
  .meta({
    description:
      "Separated by commas: of the fact table, ratios such as `distance_from_avg_200d`, and of your own models as `model.column`.",
    example: "close_price,rsi_14",
  });

const shared = {
  tickers,
  from: dateInput.optional(),
  to: dateInput.optional(),
  label: z.literal("exact").optional().meta({
    description:
      "exact: the bars under these very tickers, whoever held them. Left out: those of the securities that hold them, or held them last, under whatever tickers.",
  }),
  limit: numberInUrl(1, largestPage)
    .optional()
    .meta({
      description: `Rows of a page. Left out: ${usualPage} of JSON; all there are, in one stream, of the other formats.`,
    }),
  cursor: z.string().max(400, { error: "has to be the `next` of an answer" }).optional().meta({
    description:
      "The `next` of the page before, or of its `Link`; everything but `limit` and `format` as it was. 410 where another build has been published since: begin again.",
  }),
};

export const barsQuery = z.strictObject({
  ...shared,
  adjusted: booleanInUrl.default(true).meta({
    description: "Adjusted for splits (true, the default), or as the vendor stated them.",
    override: { default: true },
  }),
});
export const factsQuery = z.strictObject({ ...shared, columns });

/** What every request for rows says, and whatever else it asks for. */
export type RowsQuery = {
  tickers: string[];
  from?: string | undefined;
  to?: string | undefined;
  label?: "exact" | undefined;
  limit?: number | undefined;
  cursor?: string | undefined;
  adjusted?: boolean;
  columns?: string[];
};

const asked = z.string().meta({ description: "The ticker that was asked for." });
const next = z
  .string()
  .nullable()
  .meta({ description: "What `cursor` has to be for the page after this one; null where this is the last." });
const build = z.string().meta({ description: "What is published, told apart from what was and will be." });

export const barsAnswer = z
  .strictObject({ build, bars: z.array(barAnswer.extend({ asked }).meta({ id: "AskedBar" })), next })
  .meta({ id: "Bars" });

export const factsAnswer = z
  .strictObject({
    build,
    facts: z.array(
      z
        .object({ asked, ticker: z.string(), trade_date: date })
        .catchall(z.union([z.number(), z.string(), z.boolean()]).nullable())
        .meta({ description: "Of each bar, the columns asked for by name." }),
    ),
    next,
  })
  .meta({ id: "Facts" });
