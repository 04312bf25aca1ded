import type { Sql } from "../../../db/client.ts";
import { isUndefinedTable } from "../../../db/errors.ts";
import { selectReferenceRead } from "../../../db/queries/market/reference.ts";
import { selectLabelSpans } from "../../../db/queries/research/label-spans.ts";
import { type Moment, readAtOneMoment } from "../../../db/queries/research/moment.ts";
import {
  type KeyColumn,
  type ListedTicker,
  lagsWithReturn,
  selectSessions,
} from "../../../db/queries/research/universe.ts";
import type { Metrics } from "../../backtest/definitions.ts";
import { runPortfolio } from "../../backtest/universe/backtest.ts";
import { chooseHoldings, everyone, type Membership } from "../../backtest/universe/choose.ts";
import { whyNothingHeld } from "../../backtest/universe/nothing-bought.ts";
import type { Selection } from "../../backtest/universe/types.ts";
import { HttpError } from "../../http/errors.ts";
import type { ReadyUniverse } from "../workspace/catalogue.ts";
import { readBenchmark } from "./benchmark.ts";
import { readRequestVersion } from "./data-version.ts";
import {
  mostLookUps,
  type ReadUniverse,
  readHeldBars,
  readUniverse,
  statementsAtOnce,
  TooManyLookUps,
} from "./read-universe.ts";
import type { BacktestRequest } from "./schemas.ts";
import { TooFewSessions } from "./too-few-sessions.ts";
import type { Headline, NamedTicker, Scenario, UniverseRun } from "./types.ts";

/** Runs a strategy of the universe. What cannot be run is an HttpError that names the field. */
export async function runUniverse(read: Sql, request: BacktestRequest, ready: ReadyUniverse): Promise<UniverseRun> {
  const data = await readAtOneMoment(read, (...moment) => readUniverseData(moment, request, ready), statementsAtOnce);
  const { strategy, honesty, universe, survives, chosen, bars, scenario, benchmark, dataVersion, tickers } = data;
  const { survivorship } = scenario;
  const fraction = scenario.sizing.kind === "equity" ? scenario.sizing.fraction : 1;
  const settings = { ...scenario, fraction };
  const run = (selections: readonly Selection[], isMember: Membership) =>
    runPortfolio(universe, selections, bars, settings, isMember);
  const pointInTime = run(chosen.pointInTime, everyone);
  const survivorsOnly = run(chosen.survivorsOnly, survives);
  const isOfSurvivors = survivorship === "survivors_only";
  const backtest = isOfSurvivors ? survivorsOnly : pointInTime;
  const own = isOfSurvivors ? chosen.survivorsOnly : chosen.pointInTime;
  return {
    scope: "universe",
    ...{ scenario, strategy, honesty, benchmark, dataVersion, tickers },
    bars: { dates: universe.dates },
    backtest,
    nothingHeld: backtest.trades.length === 0 ? whyNothingHeld(own, bars, settings) : null,
    survivorship: {
      pointInTime: headlineOf(pointInTime.metrics),
      survivorsOnly: headlineOf(survivorsOnly.metrics),
      tickers: universe.listings.length,
      survivors: universe.listings.filter((_, ticker) => survives(ticker)).length,
    },
  };
}

/** All that is read for a run over the universe, and what it chose by. `moment` answers every statement from the same data. */
async function readUniverseData(moment: Moment, request: BacktestRequest, ready: ReadyUniverse) {
  const { strategy: _, params: __, from: ___, to: ____, ticker: _____, ...settings } = request;
  const universe = await readPublished(moment, request, ready);
  const { strategy, honesty } = await ready.evaluate(universe);
  const [read] = moment;
  const survives: Membership = (ticker) => universe.listings[ticker]?.lastDate === universe.newest;
  const chosen = {
    pointInTime: chooseHoldings(universe, strategy),
    survivorsOnly: chooseHoldings(universe, strategy, survives),
  };
  requireChoice(chosen.pointInTime, universe, ready);
  const [first = "", last = ""] = [universe.dates[0], universe.dates.at(-1)];
  const scenario: Scenario = {
    ...{ ticker: null, from: request.from ?? first, to: request.to ?? last },
    ...{ strategy: strategy.id, params: { ...strategy.parameters }, ...settings },
    survivorship: settings.survivorship ?? "point_in_time",
  };
  if (settings.dividends) await requireDividends(read, first);
  const [bars, benchmark, dataVersion, tickers] = await Promise.all([
    readHeldBars(read, universe, Object.values(chosen), settings.dividends),
    readBenchmark(read, universe.dates, settings),
    readRequestVersion(read, scenario),
    readNames(read, universe, Object.values(chosen).flat()),
  ]);
  return { strategy, honesty, universe, survives, chosen, scenario, bars, benchmark, dataVersion, tickers };
}

/** Every ticker of the universe; with its labels, where it had several and is chosen. */
async function readNames(
  read: Sql,
  { listings, by }: { listings: readonly ListedTicker[]; by: KeyColumn },
  chosen: readonly Selection[],
): Promise<NamedTicker[]> {
  const numbers = new Set(chosen.flatMap(({ tickers }) => tickers));
  const keys = [...numbers].flatMap((number) => listings[number]?.key ?? []);
  const spans = Map.groupBy(await selectLabelSpans(read, keys, by), ({ key }) => key);
  return listings.map(({ ticker, lastDate, key }) => ({ ticker, lastDate, labels: spans.get(key) ?? [] }));
}

const headlineOf = ({ totalReturn, cagr, sharpe, maxDrawdown, finalEquity }: Metrics): Headline => ({
  ...{ totalReturn, cagr, sharpe, maxDrawdown, finalEquity },
});

async function readPublished(
  moment: Moment,
  { from = null, to = null }: { from?: string | null | undefined; to?: string | null | undefined },
  strategy: ReadyUniverse,
): Promise<ReadUniverse> {
  try {
    const universe = await readUniverse(moment, { from, to }, strategy);
    if (universe.dates.length > 0) return universe;
    throw await noSessions(moment[0], { from, to });
  } catch (error) {
    if (error instanceof TooManyLookUps) throw tooManyLookUps(error, strategy);
    if (!isUndefinedTable(error)) throw error;
    throw nothingPublished();
  }
}

/** What is wrong with a range in which nothing is published. */
export async function noSessions(
  read: Sql,
  { from, to }: { from: string | null; to: string | null },
): Promise<HttpError> {
  const published = await selectSessions(read, { from: null, to: null });
  const [first, last] = [published[0], published.at(-1)];
  if (first === undefined || last === undefined) return nothingPublished();
  const [field, date] = from !== null && from > first ? ["from", from] : ["to", to];
  const message = `\`${field}\` (${date}) leaves no session: those published go from ${first} to ${last}.`;
  return new HttpError(422, "invalid", message, { field: String(field) });
}

/** Stated, rather than a request that the database's time limit ends. */
function tooManyLookUps({ lag, lookUps }: TooManyLookUps, { parameters }: ReadyUniverse): HttpError {
  const name = Object.keys(parameters).find((parameter) => parameters[parameter] === lag);
  const field = name === undefined ? "params" : `params.${name}`;
  const known = [0, ...lagsWithReturn].filter((known) => known !== lag).join(", ");
  const message = `\`${field}\` (${lag}) has to be one of ${known} over so many tickers and months: others are counted back bar by bar, ${lookUps} times, and ${mostLookUps} is the most.`;
  return new HttpError(422, "invalid", message, { field });
}

/** Before the first build has ended. */
export const nothingPublished = () =>
  new HttpError(404, "not_found", "Nothing is published yet: the first transform has not ended.");

/** A run that never holds anything would be told as one that lost nothing. */
function requireChoice(selections: readonly Selection[], { dates }: ReadUniverse, ready: ReadyUniverse) {
  if (selections.some(({ tickers }) => tickers.length > 0)) return;
  const { id, warmup, parameters } = ready;
  const range = `from ${dates[0]} to ${dates.at(-1)}`;
  const message =
    selections.length === 0
      ? `No month ends ${range} with a session after it: ${id} chooses at the end of a month, and buys in the next session.`
      : `At no end of a month ${range} has a ticker the ${warmup} sessions before it, and the minimums, that ${id} asks for with these parameters.`;
  throw new TooFewSessions(message, {
    ...{ strategy: id, parameters, needed: warmup + 2, published: dates.length, first: dates[0] ?? null },
  });
}

/** Without them the run would be told as one with dividends, and be one without. */
export async function requireDividends(read: Sql, from: string): Promise<void> {
  const known = await selectReferenceRead(read, "dividends");
  if (known !== undefined && (known.coversFrom ?? "") <= from) return;
  const message = `\`dividends\` from ${from} on have not been read yet: that is done by the next run of the ingest job.`;
  throw new HttpError(422, "invalid", message, { field: "dividends" });
}
