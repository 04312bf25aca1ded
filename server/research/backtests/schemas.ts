import { z } from "zod";
import { curveMetricNames } from "../../backtest/curve.ts";
import { type MetricName, metricDefinitions } from "../../backtest/definitions.ts";
import { exitReasons, type Settings } from "../../backtest/types.ts";
import { date, dateInput, oneOf, tickerInput } from "../../http/schemas.ts";
import { listStrategies } from "../workspace/catalogue.ts";
import { fitsScope } from "./scope.ts";
import { strategyId } from "./strategy-id.ts";

/** What a backtest is asked with, and what it answers. Everything about strategies and metrics comes from their registries. */

const numberFrom = (minimum: number, maximum: number) => {
  const error = `has to be a number from ${minimum} to ${maximum}`;
  return z.number({ error }).min(minimum, { error }).max(maximum, { error });
};

const numberAbove = (minimum: number, maximum: number) => {
  const error = `has to be a number above ${minimum}, up to ${maximum}`;
  return z.number({ error }).gt(minimum, { error }).max(maximum, { error });
};

const flag = z.boolean({ error: "has to be true or false" });
const mostDollars = 1e12;

const sizing = z
  .discriminatedUnion(
    "kind",
    [
      z.strictObject({
        kind: z.literal("equity"),
        fraction: numberAbove(0, 1).default(1).meta({ description: "Part of the equity that each entry takes." }),
      }),
      z.strictObject({
        kind: z.literal("shares"),
        shares: numberAbove(0, mostDollars).meta({ description: "As they were traded on the day of each entry." }),
      }),
      z.strictObject({
        kind: z.literal("cash"),
        cash: numberAbove(0, mostDollars).meta({ description: "Dollars, commission included." }),
      }),
    ],
    { error: 'has to be {"kind": "equity", "fraction"}, {"kind": "shares", "shares"} or {"kind": "cash", "cash"}' },
  )
  .default({ kind: "equity", fraction: 1 });

const commission = z
  .strictObject(
    {
      bps: numberFrom(0, 1000).default(0).meta({ description: "Basis points of the order's value." }),
      perShare: numberFrom(0, 1000).default(0).meta({ description: "Dollars a share as it was traded that day." }),
      perOrder: numberFrom(0, 1e6).default(0).meta({ description: "Dollars an order." }),
    },
    { error: objectError('{"bps", "perShare", "perOrder"}') },
  )
  .default({ bps: 0, perShare: 0, perOrder: 0 });

const slippage = z
  .strictObject(
    {
      bps: numberFrom(0, 1000)
        .default(0)
        .meta({ description: "Basis points by which fills are worse than the price that they are made at." }),
    },
    { error: objectError('{"bps"}') },
  )
  .default({ bps: 0 });

/** Only for what is no object: fields that are not known have a message of their own. */
function objectError(shape: string) {
  return (issue: { code: string }) => (issue.code === "invalid_type" ? `has to be an object: ${shape}` : undefined);
}

/** Parameters are checked by the strategy that they are for; here they are only described. */
const params = z
  .record(z.string(), z.unknown(), { error: "has to be an object of the strategy's parameters" })
  .default({})
  .meta({
    description: "The strategy's parameters; what is left out has its default.",
    override: ({ jsonSchema }) => {
      delete jsonSchema.propertyNames;
      delete jsonSchema.additionalProperties;
      delete jsonSchema.type;
      jsonSchema.anyOf = listStrategies().map(({ id, description, parameters }) => {
        const { $schema: _, ...described } = z.toJSONSchema(parameters, { io: "input" });
        return { title: id, description, ...described };
      });
    },
  });

const aboveZero = "has to be null or a number above 0, below 1";
const partOf = (price: string) =>
  z
    .number({ error: aboveZero })
    .gt(0, { error: aboveZero })
    .lt(1, { error: aboveZero })
    .nullable()
    .default(null)
    .meta({ description: `Leaves a position that is worse than ${price} by this fraction; null: never.` });

const settings = {
  capital: numberAbove(0, mostDollars).default(10_000).meta({ description: "Dollars at the start." }),
  sizing,
  fractional: flag.default(true).meta({
    description:
      "Whether parts of shares are traded; otherwise only whole shares of the day, and what a split leaves of one is settled in cash.",
  }),
  side: oneOf(["long", "long_short"]).default("long"),
  commission,
  slippage,
  stopLoss: partOf("its entry price"),
  takeProfit: numberAbove(0, 100)
    .nullable()
    .default(null)
    .meta({ description: "Leaves a position that is better than its entry price by this fraction; null: never." }),
  trailingStop: partOf("the best price since its entry"),
  riskFree: numberFrom(0, 1).default(0).meta({ description: "Yearly rate, as a fraction." }),
  dividends: flag
    .default(false)
    .meta({ description: "Whether dividends are paid to who held before the ex-dividend date." }),
  benchmark: tickerInput
    .nullable()
    .default(null)
    .meta({ description: "A ticker to compare with, held over the same sessions; null: none." }),
  survivorship: oneOf(["point_in_time", "survivors_only"]).nullable().default(null).meta({
    description:
      "Whom a strategy of the universe chooses from: whoever had a bar in the rebalance session (where left out, too), or only those of them that were traded in the newest session.",
  }),
};

export const backtestInput = z
  .strictObject({
    ticker: tickerInput
      .nullable()
      .default(null)
      .meta({ description: "What is traded; null or left out where the strategy chooses from all tickers." }),
    from: dateInput
      .optional()
      .meta({ description: "First date, inclusive; the first published bar's where left out." }),
    to: dateInput.optional().meta({ description: "Last date, inclusive; the last published bar's where left out." }),
    strategy: strategyId,
    params,
    ...settings,
  })
  .superRefine(fitsScope);

export type BacktestRequest = z.output<typeof backtestInput>;

/** A request's settings as the engine and the metrics take them. */
export function settingsOf(request: Omit<BacktestRequest, "ticker" | "from" | "to" | "strategy" | "params">) {
  const { stopLoss, takeProfit, trailingStop, benchmark: _, dividends: __, survivorship: ___, ...settings } = request;
  return {
    ...settings,
    stops: { loss: stopLoss, profit: takeProfit, trailing: trailingStop },
  } satisfies Settings & { riskFree: number };
}

const dollars = z.number();
const fraction = z.number();

const metricsOf = (names: readonly MetricName[]) =>
  z.strictObject(
    Object.fromEntries(
      names.map((name) => [name, z.number().nullable().meta({ description: metricDefinitions[name].formula })]),
    ),
  );

const metricSchema = metricsOf(Object.keys(metricDefinitions) as MetricName[]);

const comparison = z
  .strictObject({
    kind: z.enum(["buy_and_hold", "benchmark", "universe"]).meta({
      description:
        "`universe`: every ticker that a strategy of the universe chooses from, in equal parts, from rebalance to rebalance. What it was worth between two is not known: its drawdowns, volatility, peak and the ratios made of them are null.",
    }),
    ticker: z.string().nullable(),
    metrics: metricsOf(curveMetricNames),
    alpha: fraction.nullable().meta({ description: "The run's, as `metrics.alpha` is, against what is held here." }),
    beta: z.number().nullable().meta({ description: "The run's against what is held here." }),
  })
  .meta({ id: "HeldTicker", description: "A ticker held over the same sessions for the same capital, without costs." });

const headline = metricsOf(["totalReturn", "cagr", "sharpe", "maxDrawdown", "finalEquity"]);

const survivorship = z
  .strictObject({
    pointInTime: headline,
    survivorsOnly: headline,
    tickers: z.int().meta({ description: "Tickers that were ever published." }),
    survivors: z.int().meta({ description: "Those of them that were traded in the newest session." }),
  })
  .meta({
    id: "Survivorship",
    description: "How much better a strategy of the universe looks on today's survivors; null for one of a ticker.",
  });

const periodReturns = (example: string) =>
  z.array(z.strictObject({ period: z.string().meta({ example }), return: fraction.nullable() }));

const tradeAnswer = z
  .strictObject({
    ticker: z.string().optional().meta({ description: "Of a strategy of the universe." }),
    entryDate: date,
    entryPrice: dollars.meta({ description: "Split-adjusted, as charts show it, with slippage." }),
    exitDate: date.nullable(),
    exitPrice: dollars.nullable(),
    shares: z.number().meta({
      description:
        "Split-adjusted, as the prices are, so that shares × the difference of the prices is what was made before costs; negative where sold short.",
    }),
    asTraded: z
      .strictObject({
        entryPrice: dollars,
        entryShares: z.number(),
        exitPrice: dollars.nullable(),
        exitShares: z.number().nullable(),
      })
      .meta({
        description:
          "The same in the shares of the day of the entry, and of the exit: what was ordered, made whole and charged for. Without a split since they are the others.",
      }),
    profit: dollars.nullable().meta({
      description: "Net of commission, with dividends and what was paid for parts of shares at splits.",
    }),
    return: fraction.nullable().meta({ description: "Profit ÷ value at entry." }),
    reason: z.enum(exitReasons).nullable().meta({ description: "Why it was closed; null while it is open." }),
  })
  .meta({ id: "Trade" });

export const backtestAnswer = z
  .strictObject({
    metrics: metricSchema.meta({ id: "Metrics", description: "Fractions, not percents; null where not defined." }),
    trades: z.array(tradeAnswer),
    equity: z
      .array(z.strictObject({ date, equity: dollars, drawdown: fraction }))
      .meta({ description: "At each session's close; the drawdown is from 0 down." }),
    comparisons: z.array(comparison),
    survivorship: survivorship.nullable(),
    returns: z
      .strictObject({ monthly: periodReturns("2020-01"), yearly: periodReturns("2020") })
      .meta({ description: "By calendar month and year, from the last close before to the last one in it." }),
    scenario: z
      .strictObject({
        ticker: z.string().nullable(),
        from: date,
        to: date,
        strategy: z.string(),
        params: z.record(z.string(), z.number()),
        capital: dollars,
        sizing: z.discriminatedUnion("kind", [
          z.strictObject({ kind: z.literal("equity"), fraction }),
          z.strictObject({ kind: z.literal("shares"), shares: z.number() }),
          z.strictObject({ kind: z.literal("cash"), cash: dollars }),
        ]),
        fractional: z.boolean(),
        side: z.enum(["long", "long_short"]),
        commission: z.strictObject({ bps: z.number(), perShare: dollars, perOrder: dollars }),
        slippage: z.strictObject({ bps: z.number() }),
        stopLoss: fraction.nullable(),
        takeProfit: fraction.nullable(),
        trailingStop: fraction.nullable(),
        riskFree: fraction,
        dividends: z.boolean(),
        benchmark: z.string().nullable(),
        survivorship: z.enum(["point_in_time", "survivors_only"]).nullable(),
      })
      .meta({ description: "The request with every default filled in; posted again, it gives the same run." }),
    dataVersion: z.string().meta({ description: "What was read: equal texts mean equal data." }),
    notes: z.array(z.string()).meta({
      description: "What has to be known of the data, a sentence each: splits, gaps, a delisting, what was left out.",
    }),
  })
  .meta({ id: "Backtest" });

export type BacktestAnswer = z.input<typeof backtestAnswer>;

type TradeAnswer = BacktestAnswer["trades"][number];
/** A trade as a scenario keeps it: runs of before trades were told as traded have them without. */
export type KeptTrade = Omit<TradeAnswer, "asTraded"> & Partial<Pick<TradeAnswer, "asTraded">>;
