import type { ScenarioRow } from "../../../db/queries/research/scenarios.ts";
import { check } from "../../http/check.ts";
import { HttpError } from "../../http/errors.ts";
import { type BacktestRequest, backtestInput } from "../backtests/schemas.ts";
import type { Scenario } from "../backtests/types.ts";
import { findListed, whyUnusable } from "../workspace/catalogue.ts";

/**
 * The request that a scenario keeps, ready to run. What a later version of Barline added has its default: one that is off.
 * One that a version no longer takes is a 422 that names the field.
 */
export function requestOf({ request }: Pick<ScenarioRow, "request">): BacktestRequest {
  const problem = whyUnusable((request as unknown as Scenario).strategy);
  if (problem !== null) throw new HttpError(422, "invalid", problem, { field: "strategy" });
  return check(backtestInput, request);
}

/**
 * The same as it is shown and linked to, its fields in the order of the form: the database has an order of its own. One that
 * is no longer taken shows as it was kept.
 */
export function scenarioOf({ request }: Pick<ScenarioRow, "request">): Scenario {
  const kept = request as unknown as Scenario;
  const read = backtestInput.safeParse(request);
  const params = findListed(kept.strategy)?.parameters.safeParse(kept.params);
  if (!read.success || !params?.success) return kept;
  return { ...read.data, from: kept.from, to: kept.to, params: params.data as Scenario["params"] };
}
