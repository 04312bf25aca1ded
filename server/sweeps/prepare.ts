import type { Sql } from "../../db/client.ts";
import { type DataRange, readDataVersion } from "../../db/queries/backtests/data-version.ts";
import { readAtOneMoment } from "../../db/queries/backtests/moment.ts";
import type { SweepRequest } from "../api/sweep-schemas.ts";
import { leastSessions } from "../backtest/backtest.ts";
import { configureAt } from "../backtest/sweep/evaluate.ts";
import { countPoints, createSpace } from "../backtest/sweep/space.ts";
import type { SweepPlan } from "../backtest/sweep/types.ts";
import { readBars } from "../backtests/bars.ts";
import { HttpError } from "../middleware/errors.ts";
import { completed, planOf, spaceOf, strategyOf } from "./plan.ts";
import type { PreparedSweep } from "./queue.ts";

/** Points that are looked at for one that can be run, before the sweep begins; what is not found among them, the sweep itself tells. */
const mostProbed = 2000;

/** Reads a request's bars and their version, at one moment, and plans it. What cannot be run is an HttpError that names the field. */
export async function prepareSweep(read: Sql, request: SweepRequest): Promise<PreparedSweep> {
  const { from, to } = request;
  if (from !== undefined && to !== undefined && from > to) {
    throw new HttpError(422, "invalid", `\`from\` (${from}) is after \`to\` (${to}).`, { field: "from" });
  }
  // Before anything is read: what is asked for may be out of all reason.
  const { fixed } = spaceOf(request);
  return await readAtOneMoment(read, async (moment) => {
    const bars = await readBars(moment, request);
    const plan = planOf(request, bars.dates);
    requirePoint(request, plan);
    const whole = completed(request, bars.dates, fixed);
    return { request: whole, bars, plan, dataVersion: await readDataVersion(moment, rangeOf(whole)) };
  });
}

/** What a completed request reads. */
export const rangeOf = ({ ticker, from = "", to = "" }: SweepRequest): DataRange => ({ ticker, from, to });

/** Refuses a small sweep of which no point can be run, instead of beginning it. */
function requirePoint(request: SweepRequest, plan: SweepPlan): void {
  const points = countPoints(plan.axes, plan.search);
  if (points > mostProbed) return;
  const strategy = strategyOf(request);
  const space = createSpace(plan.axes, plan.search);
  const places = new Int32Array(plan.axes.length);
  const sessions = plan.inSample.to;
  let least = Number.POSITIVE_INFINITY;
  for (let point = 0; point < points; point++) {
    space(point, places);
    const ready = configureAt(strategy, plan, places);
    if (ready !== null) least = Math.min(least, leastSessions(ready));
    if (least <= sessions) return;
  }
  if (least === Number.POSITIVE_INFINITY) {
    const message = "`params` make no point whose values go together, such as a short window below the long one.";
    throw new HttpError(422, "invalid", message, { field: "params" });
  }
  const message =
    `From \`from\` to \`to\` there are ${sessions} sessions of ${request.ticker} in sample; the point that needs the fewest ` +
    `needs ${least}: its warm-up, one to give a signal, one to fill it.`;
  throw new HttpError(422, "invalid", message, { field: "from" });
}
