import type { Config } from "../../config.ts";
import type { Access } from "../../http/environment.ts";
import { HttpError } from "../../http/errors.ts";

/** What viewers may send where the console is theirs too: it changes nothing but the history. */
export const readingForms = ["/sql", "/sql/result.csv", "/sql/cancel"].map((path) => ({ method: "POST", path }));

/** Whether somebody may run statements. */
export const mayRunSql = (access: Access, { sqlForViewers }: Pick<Config, "sqlForViewers">): boolean =>
  access !== "read" || sqlForViewers;

/** Throws where they may not. */
export function requireSql(access: Access, config: Pick<Config, "sqlForViewers">): void {
  if (mayRunSql(access, config)) return;
  throw new HttpError(403, "sql_off", "The SQL console is off for viewers. SQL_FOR_VIEWERS=true lets them in.", {
    title: "Off for viewers",
  });
}
