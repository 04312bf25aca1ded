import type { Sql } from "../../../db/client.ts";
import { readDataVersion } from "../../../db/queries/research/data-version.ts";
import { readAtOneMoment } from "../../../db/queries/research/moment.ts";
import { countPoints } from "../../backtest/sweep/space.ts";
import type { SweepPlan } from "../../backtest/sweep/types.ts";
import { HttpError } from "../../http/errors.ts";
import { readBars } from "../backtests/bars.ts";
import type { ListedTicker } from "../workspace/catalogue.ts";
import { completed, noPoints, planOf, rangeOf, spaceOf, strategyOf } from "./plan.ts";
import { prepareUniverse } from "./prepare-universe.ts";
import type { PreparedSweep } from "./prepared.ts";
import type { SweepRequest } from "./schemas.ts";

/** Points that are looked at for one that can be run, before the sweep begins; what is not found among them, the sweep itself tells. */
const mostProbed = 2000;

/** Plans a request with what it reads. What cannot be run is an HttpError that names the field. */
export async function prepareSweep(read: Sql, request: SweepRequest): Promise<PreparedSweep> {
  const { from, to } = request;
  if (from !== undefined && to !== undefined && from > to) {
    throw new HttpError(422, "invalid", `\`from\` (${from}) is after \`to\` (${to}).`, { field: "from" });
  }
  // Before anything is read: what is asked for may be out of all reason.
  const { fixed } = spaceOf(request);
  const strategy = strategyOf(request);
  return strategy.scope === "ticker"
    ? await prepareTicker(read, request, strategy, fixed)
    : await prepareUniverse(read, request, strategy, fixed);
}

/** Its bars and their version are read here, at one moment. */
async function prepareTicker(
  read: Sql,
  request: SweepRequest,
  strategy: ListedTicker,
  fixed: SweepPlan["fixed"],
): Promise<PreparedSweep> {
  const { ticker } = request;
  if (ticker === null) throw new Error(`${request.strategy} passed its check without a ticker`);
  return await readAtOneMoment(read, async (moment) => {
    const bars = await readBars(moment, { ...request, ticker });
    const plan = planOf(request, bars.dates);
    await requirePoint(ticker, strategy, plan);
    const whole = completed(request, bars.dates, fixed);
    const dataVersion = await readDataVersion(moment, rangeOf(whole));
    const source = { scope: "ticker" as const, file: strategy.file, bars };
    return { request: whole, plan, dates: bars.dates, source, dataVersion };
  });
}

/** Refuses a small sweep of which no point can be run, instead of beginning it. */
async function requirePoint(ticker: string, strategy: ListedTicker, plan: SweepPlan): Promise<void> {
  if (countPoints(plan.axes, plan.search) > mostProbed) return;
  const sessions = plan.inSample.to;
  const least = await strategy.least(plan);
  if (least === null) throw noPoints();
  if (least <= sessions) return;
  const message =
    `From \`from\` to \`to\` there are ${sessions} sessions of ${ticker} in sample; the point that needs the fewest ` +
    `needs ${least}: its warm-up, one to give a signal, one to fill it.`;
  throw new HttpError(422, "invalid", message, { field: "from" });
}
