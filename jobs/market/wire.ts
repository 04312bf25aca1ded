import { z } from "zod";

/** "DELAYED" marks the answers of plans whose data is not live; the bars in them are the same. */
const answerStatus = z.enum(["OK", "DELAYED"]);
const isoDate = z.iso.date();
const optionalText = z.string().nullish();

/** What every list of the API shares. Rows are checked one by one where they are used: one bad row may not cost the rest. */
export const listEnvelope = z.object({
  status: answerStatus,
  request_id: z.string().optional(),
  results: z.array(z.unknown()).nullish(),
  next_url: z.url().nullish(),
});
export type ListEnvelope = z.infer<typeof listEnvelope>;

/** The envelope of bars, grouped or ranged. `results` is absent when there are none; else it holds what the count says. */
export const barsEnvelope = listEnvelope
  .extend({
    ticker: z.string().optional(),
    adjusted: z.literal(false).optional(),
    queryCount: z.number().int().nonnegative().optional(),
    resultsCount: z.number().int().nonnegative().optional(),
  })
  .refine((answer) => (answer.resultsCount ?? answer.results?.length ?? 0) === (answer.results?.length ?? 0), {
    path: ["resultsCount"],
    message: "resultsCount differs from the number of results",
  });
export type BarsEnvelope = z.infer<typeof barsEnvelope>;

/** One row of /v3/reference/tickers. */
export const tickerRow = z.object({
  ticker: z.string().min(1),
  name: optionalText,
  market: optionalText,
  primary_exchange: optionalText,
  type: optionalText,
  active: z.boolean().nullish(),
  // What only helps to tell securities apart does not cost the row: an odd value counts as none.
  composite_figi: optionalText.catch(null),
  cik: optionalText.catch(null),
  // An instant, of which only the day is known to mean something.
  delisted_utc: z
    .string()
    .transform((text) => text.slice(0, 10))
    .pipe(isoDate)
    .nullish()
    .catch(null),
});

/** One row of /stocks/v1/splits: `split_from` shares became `split_to`. */
export const splitRow = z.object({
  id: optionalText,
  ticker: z.string().min(1),
  execution_date: isoDate,
  // Within these the ratios of a chain of splits can be told apart and multiplied.
  split_from: z.number().min(1e-9).lt(1e9),
  split_to: z.number().min(1e-9).lt(1e9),
  /** forward_split | reverse_split | stock_dividend; only the newer form of the API has it and the factor. */
  adjustment_type: optionalText.catch(null),
  /** What brings a price before the split to today's shares: the product over this split and all later ones. */
  historical_adjustment_factor: z.number().positive().nullish().catch(null),
});

/** One row of /stocks/v1/dividends; the amount is per share, as declared. */
export const dividendRow = z.object({
  id: optionalText,
  ticker: z.string().min(1),
  ex_dividend_date: isoDate,
  // A share's own price is below that.
  cash_amount: z.number().nonnegative().lt(1e8),
  currency: optionalText,
  // What only describes the payment does not cost it: an odd value counts as none.
  frequency: z.int32().nullish().catch(null),
  /** recurring | special | supplemental | irregular | unknown. */
  distribution_type: optionalText.catch(null),
  pay_date: isoDate.nullish().catch(null),
});

/** /v1/marketstatus/upcoming: the closures and early closes ahead; a bare array. */
export const upcomingHolidays = z.array(
  z.object({
    date: isoDate,
    exchange: z.string(),
    name: z.string(),
    status: z.string(),
    open: z.string().optional(),
    close: z.string().optional(),
  }),
);
export type UpcomingHolidays = z.infer<typeof upcomingHolidays>;
