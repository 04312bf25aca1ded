import { z } from "zod";
import { figureDefinitions, relativeDefinitions } from "../../backtest/tear-sheet/definitions.ts";
import { rollingSessions } from "../../backtest/tear-sheet/rolling.ts";
import { date } from "../../http/schemas.ts";
import { backtestAnswer } from "../backtests/schemas.ts";

const nullable = z.number().nullable();

const figuresOf = (definitions: Record<string, { formula: string }>) =>
  z.strictObject(
    Object.fromEntries(
      Object.entries(definitions).map(([name, { formula }]) => [name, nullable.meta({ description: formula })]),
    ),
  );

const distribution = z
  .strictObject({
    ...{ count: z.int(), mean: nullable, lowest: nullable, q5: nullable, q25: nullable, median: nullable },
    ...{ q75: nullable, q95: nullable, highest: nullable, outliers: z.int() },
  })
  .meta({
    id: "Distribution",
    description: "Returns of periods of one length; outliers are beyond 1.5 × (q75 - q25).",
  });

const curve = z
  .strictObject({
    figures: figuresOf(figureDefinitions).meta({ id: "TearSheetFigures", description: "Fractions, not percents." }),
    distributions: z.strictObject({
      ...{ day: distribution.nullable(), week: distribution.nullable(), month: distribution.nullable() },
      ...{ quarter: distribution.nullable(), year: distribution.nullable() },
    }),
    drawdowns: z
      .array(
        z.strictObject({
          ...{ start: date, valley: date, end: date, recovery: date.nullable(), days: z.int(), depth: z.number() },
        }),
      )
      .meta({ description: "The ten deepest. `end` is the last session below the peak, `recovery` the one after it." }),
    returns: backtestAnswer.shape.returns,
  })
  .meta({ id: "TearSheetCurve" });

export const tearSheetAnswer = z
  .strictObject({
    run: curve,
    benchmark: z
      .strictObject({
        kind: z.enum(["buy_and_hold", "benchmark", "universe"]),
        ticker: z.string().nullable(),
        ...curve.shape,
      })
      .nullable()
      .meta({
        description:
          "`benchmark` of the request, else the ticker held, else the universe in equal parts. That is known at the ends of months alone: figures that ask for every session are null.",
      }),
    relative: figuresOf(relativeDefinitions).nullable().meta({ description: "The run against the benchmark." }),
    rolling: z
      .array(
        z.strictObject({
          ...{ date, sharpe: nullable, volatility: nullable, beta: nullable },
          ...{ benchmarkSharpe: nullable, benchmarkVolatility: nullable },
        }),
      )
      .meta({ description: `By session, over the ${rollingSessions} that end in it; null before there are so many.` }),
    scenario: backtestAnswer.shape.scenario,
    dataVersion: backtestAnswer.shape.dataVersion,
    notes: backtestAnswer.shape.notes,
  })
  .meta({ id: "TearSheet" });

export type TearSheetAnswer = z.input<typeof tearSheetAnswer>;
