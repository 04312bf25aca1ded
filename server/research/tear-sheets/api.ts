import type { CurveSheet } from "../../backtest/tear-sheet/tear-sheet.ts";
import { answer, defineOperation, type Operation } from "../../http/operation.ts";
import { backtestInput } from "../backtests/schemas.ts";
import { type TearSheetAnswer, tearSheetAnswer } from "./schemas.ts";
import { measureSubject, subjectOfRun, type TearSheetSubject } from "./subject.ts";

export const tearSheetOperations: Operation[] = [
  defineOperation({
    method: "post",
    path: "/api/backtests/tear-sheet",
    summary: "Run a strategy, and measure the run as QuantStats' full report does",
    description: "Where QuantStats counts otherwise than is meant, the figure's description says what is done instead.",
    request: { body: backtestInput },
    keepsNothing: true,
    answers: { 200: { description: "The tear sheet.", schema: tearSheetAnswer } },
    handle: async ({ body }, { backtests }) => answer(200, toAnswer(subjectOfRun(await backtests.run(body)))),
  }),
];

function toAnswer(subject: TearSheetSubject): TearSheetAnswer {
  const { run, benchmark, relative, rollingBeta } = measureSubject(subject);
  const { reference, dates, scenario, dataVersion, notes } = subject;
  const known = (values: Float64Array | null | undefined, session: number): number | null => {
    const value = values?.[session] ?? Number.NaN;
    return Number.isNaN(value) ? null : value;
  };
  return {
    run: toCurve(run),
    benchmark: reference && benchmark && { kind: reference.kind, ticker: reference.ticker, ...toCurve(benchmark) },
    relative,
    rolling: dates.map((date, session) => ({
      date,
      sharpe: known(run.rolling?.sharpe, session),
      volatility: known(run.rolling?.volatility, session),
      beta: known(rollingBeta, session),
      benchmarkSharpe: known(benchmark?.rolling?.sharpe, session),
      benchmarkVolatility: known(benchmark?.rolling?.volatility, session),
    })),
    ...{ scenario, dataVersion, notes },
  };
}

const toCurve = ({ figures, distributions, drawdowns, months, years }: CurveSheet): TearSheetAnswer["run"] => ({
  ...{ figures, distributions, drawdowns },
  returns: { monthly: [...months], yearly: [...years] },
});
