import { PermanentError } from "../../orchestrator/errors.ts";

/** The error for what the project says and Barline cannot do; `where` is a path, with a line where that is known. */
export function refuse(where: string, problem: string, cause?: unknown): PermanentError {
  return new PermanentError(`${where}: ${problem}`, {
    cause,
    advice: "Correct the dbt project in db/warehouse. What is there published stays as it is.",
  });
}

/** Refusal of a dbt feature by its name. */
export function refuseUnsupported(where: string, feature: string): PermanentError {
  return refuse(where, `${feature} is not supported yet`);
}
