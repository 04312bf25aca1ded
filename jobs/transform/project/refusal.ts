import { PermanentError } from "../../orchestrator/errors.ts";

/** What the project says and Barline cannot do, and where it says so. */
export class ProjectFault extends PermanentError {
  readonly path: string;
  readonly line: number | undefined;
  constructor(
    where: string,
    readonly problem: string,
    cause?: unknown,
    /** Whether it would stand where something of the project below does. */
    readonly clash = false,
  ) {
    super(`${where}: ${problem}`, {
      cause,
      advice: "Correct the dbt project in db/warehouse. What is there published stays as it is.",
    });
    const [, path = where, line] = /^(.*?):(\d+)$/.exec(where) ?? [];
    this.path = path;
    this.line = line === undefined ? undefined : Number(line);
  }
}

/** The error for what the project says and Barline cannot do; `where` is a path, with a line where that is known. */
export function refuse(where: string, problem: string, cause?: unknown): ProjectFault {
  return new ProjectFault(where, problem, cause);
}

/** Refusal of what would take the name or place of something that it may only read. */
export function refuseClash(where: string, problem: string): ProjectFault {
  return new ProjectFault(where, problem, undefined, true);
}

/** Refusal of a dbt feature by its name. */
export function refuseUnsupported(where: string, feature: string): ProjectFault {
  return refuse(where, `${feature} is not supported yet`);
}
