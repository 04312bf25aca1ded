import type { WholeSweep } from "../../../db/queries/research/sweeps.ts";
import { formatCount, formatDate } from "../../../views/format.ts";
import type { Scenario } from "../backtests/types.ts";
import { metricInfo } from "./metric-infos.ts";
import type { SweepFound, SweepRequest } from "./schemas.ts";

/** The run of one of a sweep's points, over all that was searched. */
export function scenarioOfPoint(request: SweepRequest, point: SweepFound["best"][number]): Scenario {
  const { search: _, score: __, split: ___, walkForward: ____, params, ...run } = request;
  const fixed = Object.entries(params).filter(([, spec]) => typeof spec === "number");
  return {
    ...run,
    params: { ...Object.fromEntries(fixed), ...point.params },
    benchmark: null,
  } as unknown as Scenario;
}

/** The run of the best point, and what has to be known of how it was chosen; null where none was. */
export function choiceOf(row: WholeSweep): { scenario: Scenario; note: string } | null {
  const found = row.result as unknown as SweepFound | null;
  const [best] = found?.best ?? [];
  if (found === null || best === undefined) return null;
  const request = row.request as unknown as SweepRequest;
  const { inSample, outOfSample } = found.parts;
  const rest =
    outOfSample === null
      ? "every session was chosen on, so that these figures flatter"
      : `nothing was chosen on the sessions from ${formatDate(outOfSample.from)} on`;
  const on = `on ${formatDate(inSample.from)} to ${formatDate(inSample.to)}`;
  return {
    scenario: scenarioOfPoint(request, best),
    note: `The best of ${formatCount(found.tally.ran, "trial")} of sweep ${row.id} by ${metricInfo(request.score).label}, chosen ${on}; ${rest}.`,
  };
}
