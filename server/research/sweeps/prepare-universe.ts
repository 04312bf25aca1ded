import type { Sql } from "../../../db/client.ts";
import { isUndefinedTable } from "../../../db/errors.ts";
import { readDataVersion } from "../../../db/queries/research/data-version.ts";
import { type Moment, readAtOneMoment } from "../../../db/queries/research/moment.ts";
import { hasReturn, lagsWithReturn } from "../../../db/queries/research/universe.ts";
import type { SweepPlan } from "../../backtest/sweep/types.ts";
import type { Surveyed } from "../../backtest/sweep/universe.ts";
import { HttpError } from "../../http/errors.ts";
import { mostLookUps, rebalanceSessions, statementsAtOnce } from "../backtests/read-universe.ts";
import { noSessions, nothingPublished, requireDividends } from "../backtests/run-universe.ts";
import type { ListedUniverse } from "../workspace/catalogue.ts";
import { completed, noPoints, planOf, rangeOf } from "./plan.ts";
import type { SweepSource } from "./pool.ts";
import type { PreparedSweep } from "./prepared.ts";
import { type Listed, readChosenBars, readListed, readMarket } from "./read-universe.ts";
import type { SweepRequest } from "./schemas.ts";

/** Plans a sweep of the universe. The market itself is read when the sweep begins, as several of them in a queue would fill the memory. */
export async function prepareUniverse(
  read: Sql,
  request: SweepRequest,
  strategy: ListedUniverse,
  fixed: SweepPlan["fixed"],
): Promise<PreparedSweep> {
  const range = { from: request.from ?? null, to: request.to ?? null };
  try {
    return await readAtOneMoment(read, async (moment) => {
      const listed = await readListed(moment, range);
      const { dates } = listed;
      if (dates.length === 0) throw await noSessions(moment, range);
      const plan = planOf(request, dates);
      const surveyed = await strategy.survey(plan);
      if (!surveyed.isPossible) throw noPoints();
      requireMonth(strategy, plan, listed);
      requireReturns(surveyed, listed);
      if (request.dividends) await requireDividends(moment, dates[0] ?? "");
      const whole = completed(request, dates, fixed);
      const dataVersion = await readDataVersion(moment, rangeOf(whole));
      const planned = { request: whole, plan, dates, dataVersion };
      const source = sourceOf(read, planned, strategy, surveyed);
      return { request: whole, plan, dates, source, dataVersion };
    });
  } catch (error) {
    if (!isUndefinedTable(error)) throw error;
    throw nothingPublished();
  }
}

/** Refuses a sweep of which no point can choose anybody, instead of beginning it. */
function requireMonth(strategy: ListedUniverse, plan: SweepPlan, { dates }: Listed): void {
  if (rebalanceSessions(dates).some((session) => session < plan.inSample.to - 1)) return;
  const message =
    `No month ends in sample, from ${dates[0]} to ${dates[plan.inSample.to - 1]}, with a session after it: ` +
    `${strategy.id} chooses at the end of a month, and buys in the next session.`;
  throw new HttpError(422, "invalid", message, { field: "from" });
}

/** Stated, rather than a sweep that the database's time limit ends. */
function requireReturns({ needs, parameterOf }: Surveyed, { dates, listings }: Listed): void {
  const uncounted = needs.lags.filter((lag) => !hasReturn(lag));
  const lookUps = uncounted.length * listings.length * rebalanceSessions(dates).length;
  if (lookUps <= mostLookUps) return;
  const [lag = 0] = uncounted;
  const parameter = parameterOf.get(lag);
  const field = parameter === undefined ? "params" : `params.${parameter}`;
  const [asked, most] = [lookUps, mostLookUps].map((count) => count.toLocaleString("en-US"));
  const message =
    `\`${field}\` (${lag}) has to be one of ${[0, ...lagsWithReturn].join(", ")} over so many tickers and months: others are ` +
    `counted back bar by bar, for this sweep ${asked} times, and ${most} is the most.`;
  throw new HttpError(422, "invalid", message, { field });
}

/**
 * Reads the market at one moment, and the bars of whom the points choose at a later one: between the two it is found whom they
 * choose, and a build should not wait for that. So both have to be of the version that the sweep was planned with.
 */
function sourceOf(
  read: Sql,
  { request, plan, dates, dataVersion }: Omit<PreparedSweep, "source">,
  { file }: ListedUniverse,
  { needs }: Surveyed,
): SweepSource {
  const atPlanned = <Result>(work: (moment: Moment) => Promise<Result>) =>
    readAtOneMoment(
      read,
      async (...moment) => {
        if ((await readDataVersion(moment[0], rangeOf(request))) === dataVersion) return await work(moment);
        throw new Error("The published data changed before the sweep had read it. Begin it again.");
      },
      statementsAtOnce,
    );
  const range = { from: dates[0] ?? null, to: dates.at(-1) ?? null };
  return {
    scope: "universe",
    file,
    read: async (signal) => {
      const market = await atPlanned(async (moment) =>
        readMarket(moment, await readListed(moment[0], range), { plan, needs, signal }),
      );
      const { dividends } = request;
      return {
        market,
        readBars: (chosen) => atPlanned((moment) => readChosenBars(moment, market, chosen, { dividends, signal })),
      };
    },
  };
}
