import type { Config } from "../../config.ts";
import type { Access } from "../../http/environment.ts";
import { HttpError } from "../../http/errors.ts";
import { tableFormats } from "../../http/tables/formats.ts";

type Settings = Pick<Config, "sqlForViewers">;

const running = [
  ...["/sql", "/sql/cancel", "/api/sql", "/api/sql/cancel"],
  ...tableFormats.map((format) => `/sql/result.${format}`),
];

/** What viewers may send where the console is theirs too: it changes nothing but the history. */
export const sqlCalls = ({ sqlForViewers }: Settings): { method: string; path: string }[] =>
  sqlForViewers ? running.map((path) => ({ method: "POST", path })) : [];

/** Throws where somebody may not see the console. */
export function requireSql(access: Access, { sqlForViewers }: Settings): void {
  if (access !== "read" || sqlForViewers) return;
  throw new HttpError(403, "sql_off", "The SQL console is off for viewers. SQL_FOR_VIEWERS=true lets them in.", {
    title: "Off for viewers",
  });
}
