import { z } from "zod";
import { metricDefinitions } from "../../backtest/definitions.ts";
import { metricNames } from "../../backtest/sweep/metric-names.ts";
import { mostPoints, mostUniversePoints, mostValues } from "../../backtest/sweep/space.ts";
import { count, dateInput, id, instant, oneOf } from "../../http/schemas.ts";
import { backtestAnswer, backtestInput } from "../backtests/schemas.ts";
import { fitsScope } from "../backtests/scope.ts";

/** What a sweep is asked with, and what it answers. */

const valuesAllowed = 'has to be a number, a list of numbers, or {"from", "to", "step"}';
const bound = z.number({ error: "has to be a number" });

/** Of one parameter: fixed, listed, or in steps. */
const values = z.union(
  [
    z.number(),
    z.array(z.number({ error: "has to be a number" })).min(1, { error: "has to be a list of at least one number" }),
    z
      .strictObject({
        from: bound,
        to: bound,
        step: z
          .number({ error: "has to be a number above 0" })
          .gt(0, { error: "has to be a number above 0" })
          .default(1),
      })
      .meta({ description: `Values from \`from\` up to \`to\` by \`step\`; up to ${mostValues}.` }),
  ],
  { error: valuesAllowed },
);

const wholeNumber = (minimum: number, maximum: number) => {
  const error = `has to be a whole number from ${minimum} to ${maximum}`;
  return z.int({ error }).min(minimum, { error }).max(maximum, { error });
};

const search = z
  .discriminatedUnion(
    "kind",
    [
      z.strictObject({ kind: z.literal("grid") }),
      z.strictObject({
        kind: z.literal("random"),
        points: wholeNumber(1, mostPoints)
          .default(1000)
          .meta({
            description: `How many of the grid's points are drawn, without putting back; of the universe up to ${mostUniversePoints}.`,
          }),
        seed: wholeNumber(0, Number.MAX_SAFE_INTEGER)
          .default(1)
          .meta({ description: "The same seed draws the same points." }),
      }),
    ],
    { error: 'has to be {"kind": "grid"} or {"kind": "random", "points", "seed"}' },
  )
  .default({ kind: "grid" });

const partError = "has to be a number from 0.1 to 0.95";

const split = z
  .discriminatedUnion(
    "kind",
    [
      z.strictObject({
        kind: z.literal("fraction"),
        inSample: z
          .number({ error: partError })
          .min(0.1, { error: partError })
          .max(0.95, { error: partError })
          .default(0.7)
          .meta({ description: "Part of the sessions, from the first on, that parameters are chosen on." }),
      }),
      z.strictObject({
        kind: z.literal("date"),
        outOfSampleFrom: dateInput.meta({ description: "Sessions before it choose; it and those after it do not." }),
      }),
    ],
    { error: 'has to be {"kind": "fraction", "inSample"}, {"kind": "date", "outOfSampleFrom"} or null' },
  )
  .nullable()
  .default({ kind: "fraction", inSample: 0.7 });

/** Parts of a walk-forward test besides the first. */
const mostWindows = 24;

const walkForward = z
  .strictObject(
    {
      windows: wholeNumber(1, mostWindows).meta({ description: "How often is chosen, and run on the part after it." }),
      anchored: z
        .boolean({ error: "has to be true or false" })
        .default(false)
        .meta({ description: "Choose on everything before a part, instead of on the part before it alone." }),
    },
    { error: (issue) => (issue.code === "invalid_type" ? 'has to be {"windows", "anchored"} or null' : undefined) },
  )
  .nullable()
  .default(null);

const { strategy, params: _, benchmark: __, ticker, from, to, ...settings } = backtestInput.shape;

export const sweepInput = z
  .strictObject({
    ticker,
    from,
    to,
    strategy,
    params: z
      .record(z.string(), values, { error: "has to be an object of the strategy's parameters" })
      .default({})
      .meta({
        description:
          "The strategy's parameters, each a number, a list of numbers or a range. What is left out has its default. " +
          "Combinations that do not go together, such as a short window above the long one, are counted and left out.",
      }),
    search,
    score: oneOf(metricNames).default("sharpe").meta({
      description:
        "What the best point is best by. The lower the better where that is so: volatility, drawdowns' length, costs.",
    }),
    split,
    walkForward,
    ...settings,
  })
  .superRefine(fitsScope);

export type SweepRequest = z.output<typeof sweepInput>;

const metrics = backtestAnswer.shape.metrics;
const params = z.record(z.string(), z.number());
const part = z.strictObject({ from: z.iso.date(), to: z.iso.date(), sessions: count });
const pointAnswer = z.strictObject({
  params,
  inSample: metrics,
  outOfSample: metrics.nullable(),
});
const tally = z.strictObject({
  points: count,
  ran: count.meta({ description: "The number of trials." }),
  invalid: count.meta({ description: "Parameters that do not go together." }),
  cold: count.meta({
    description: "Too few sessions for the warm-up; of the universe, nobody to choose in sample.",
  }),
});
const nullable = z.number().nullable();

const sweepResult = z.strictObject({
  dataVersion: z.string().meta({ description: "What was read: equal texts mean equal data." }),
  metrics: z.array(z.string()).meta({ description: "What a heat map can show." }),
  parts: z.strictObject({ inSample: part, outOfSample: part.nullable() }),
  tally,
  scored: count.meta({ description: "Points whose score is defined; others are ranked nowhere." }),
  best: z.array(pointAnswer).meta({ description: "Up to 20, by the score in sample, the best first." }),
  deflated: z
    .strictObject({
      probability: nullable.meta({ description: "The deflated Sharpe ratio: from 0 to 1." }),
      sharpe: nullable.meta({ description: "Of the best point, in sample; annual." }),
      expectedMaximum: z.number().meta({
        description: "The highest annual Sharpe ratio to be expected of as many trials that are all worth nothing.",
      }),
      trials: count,
      variance: z.number().meta({ description: "Of the trials' annual Sharpe ratios." }),
      skewness: nullable,
      kurtosis: nullable,
      sessions: count,
    })
    .nullable()
    .meta({ description: "Bailey and López de Prado 2014: whether the best is better than the best of luck." }),
  equity: z
    .strictObject({ dates: z.array(z.iso.date()), best: z.array(z.number()), buyAndHold: z.array(z.number()) })
    .nullable()
    .meta({ description: "Of the best point over the whole range, in dollars, at each close." }),
  walkForward: z
    .strictObject({
      steps: z.array(
        z.strictObject({
          choose: part,
          run: part,
          params: params.nullable(),
          score: nullable,
          outOfSample: metrics,
        }),
      ),
      dates: z.array(z.iso.date()),
      equity: z.array(z.number()),
      metrics,
    })
    .nullable(),
  maps: z.array(
    z.strictObject({
      x: z.string(),
      y: z.string().nullable(),
      xValues: z.array(z.number()).meta({ description: "The first value of each column." }),
      yValues: z
        .array(z.number())
        .meta({ description: "The first value of each row; empty without a second parameter." }),
      xSize: count.meta({ description: "Values that a column puts together." }),
      ySize: count,
    }),
  ),
});

export type SweepFound = z.output<typeof sweepResult>;

const sweepStates = ["queued", "running", "success", "failed", "cancelled", "interrupted"] as const;

const requestAnswer = z.record(z.string(), z.unknown()).meta({
  description: "The request with every default filled in; posted again, it finds the same.",
});

const sweepFields = {
  id,
  state: z.enum(sweepStates),
  points: count,
  done: count,
  error: z.string().nullable(),
  request: requestAnswer,
  createdBy: z.string(),
  createdAt: instant,
  startedAt: instant.nullable(),
  finishedAt: instant.nullable(),
};

export const listedSweepAnswer = z
  .strictObject({ ...sweepFields, tally: tally.nullable(), best: pointAnswer.nullable() })
  .meta({ id: "SweepSummary" });

export const sweepAnswer = z.strictObject({ ...sweepFields, result: sweepResult.nullable() }).meta({ id: "Sweep" });

export const heatMapAnswer = z
  .strictObject({
    metric: z.enum(Object.keys(metricDefinitions)),
    show: z.enum(["best", "mean"]),
    x: z.string(),
    y: z.string().nullable(),
    xValues: z.array(z.number()),
    yValues: z.array(z.number()),
    cells: z.array(z.array(z.number().nullable())).meta({ description: "Rows of `y`, each with a cell for each `x`." }),
  })
  .meta({ id: "HeatMap" });
