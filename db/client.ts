import postgres from "postgres";
import { parseDatabaseUrl } from "./database-url.ts";

/** A pool of connections; also what a transaction gives. Every statement in Barline is a tagged template on one. */
export type Sql = postgres.Sql<{ bigint: number; date: string }>;
export type TransactionSql = postgres.TransactionSql<{ bigint: number; date: string }>;
export type JsonValue = postgres.JSONValue;

export type PoolRole = "state" | "lock" | "work" | "read";

/** How many connections a role may hold, and what of the session's settings is its own. */
const roles: Record<PoolRole, { max: number; settings: Record<string, string> }> = {
  // Claims, leases, events: short transactions only, so that a long load or transform never makes them wait.
  state: { max: 4, settings: { statement_timeout: "30s", idle_in_transaction_session_timeout: "60s" } },
  // One connection that holds the lock by which a process shows that it lives.
  lock: { max: 1, settings: {} },
  // Loads and transforms: as long as it takes.
  work: { max: 4, settings: {} },
  // The dashboard and the API: cannot write, cannot hang.
  read: { max: 6, settings: { default_transaction_read_only: "on", statement_timeout: "10s" } },
};

/**
 * What every session has, whatever server, database or login are set to: a German DateStyle would be read wrongly, and a limit
 * made for people ends a build. The driver sets them on each new connection, as poolers refuse or ignore startup parameters.
 */
const sessionSettings = {
  datestyle: "ISO, YMD",
  timezone: "UTC",
  intervalstyle: "postgres",
  extra_float_digits: "1",
  bytea_output: "hex",
  standard_conforming_strings: "on",
  default_transaction_isolation: "read committed",
  statement_timeout: "0",
  lock_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  idle_session_timeout: "0",
  transaction_timeout: "0",
};

const longestReconnectSeconds = 1;

/** The role that the read pool takes on, where the database lets us make it. */
export const readerRole = "barline_reader";

/** Where tests of the models keep the rows that failed: beside the schema of the models, as dbt's default is. */
export const auditSchema = "public_dbt_test__audit";

/** Not the server's default: a login called like our schema, `barline`, would find that one first. */
export const searchPath = "public";

/** The largest id that a JavaScript number holds exactly is 2^53; ours are counters far below it. */
const types = {
  bigint: { to: 20, from: [20], parse: (text: string) => Number(text), serialize: (value: number) => String(value) },
  // A trading day is a date, not an instant: keep the text, as a Date would move it by the machine's time zone.
  date: { to: 1082, from: [1082], parse: (text: string) => text, serialize: (value: string) => value },
};

/** The setting of a session by which it is told from others that the large tables lie on several servers. */
const distributedSetting = "barline.distributed";

/**
 * Opens a lazy pool for `role`. Its connections carry the role in `application_name`. `distributed`: the large tables lie on several
 * servers, for which some statements have another form.
 */
export function openPool(
  url: string,
  role: PoolRole,
  options: { max?: number; name?: string; asReader?: boolean; distributed?: boolean } = {},
): Sql {
  const { max, settings } = roles[role];
  return postgres({
    ...connectionOptions(url, options.name ?? `barline ${role}`, {
      ...settings,
      ...(options.asReader && { role: readerRole }),
      ...(options.distributed && { [distributedSetting]: "on" }),
    }),
    max: options.max ?? max,
    types,
    // The driver retires a connection after 30 to 60 minutes, and an idle one sooner; a lock would go with it.
    ...(role === "lock" ? { max_lifetime: null } : { idle_timeout: 60 }),
  });
}

/** Whether a pool, or a transaction of one, was opened for large tables that lie on several servers. */
export const isDistributed = (sql: Sql | TransactionSql): boolean => {
  // Which the driver's types say of a pool only.
  const { options } = sql as { options?: { settings?: Record<string, string> | null } };
  return options?.settings?.[distributedSetting] === "on";
};

/** How the driver reaches the database at `url`, with the settings that every connection of ours has, and `settings` besides. */
export function connectionOptions(url: string, name: string, settings: Record<string, string> = {}) {
  const target = parseDatabaseUrl(url);
  const { host, port, path, user, pass, database, ssl, sslnegotiation } = target;
  return {
    host,
    port,
    ...(path !== undefined && { path }),
    ...(user !== undefined && { user }),
    ...(pass !== undefined && { pass }),
    ...(database !== undefined && { database }),
    ssl,
    ...(sslnegotiation && { sslnegotiation }),
    ...(target.targetSessionAttrs && { target_session_attrs: target.targetSessionAttrs }),
    ...(target.keepAliveSeconds !== undefined && { keep_alive: target.keepAliveSeconds }),
    ...(target.requireAuth && { require_auth: target.requireAuth }),
    // An attempt that meets a server on its way down may hear nothing at all, and what waits for it stands still so long.
    connect_timeout: target.connectTimeoutSeconds ?? 4,
    // The driver's own delays grow to 20 seconds, and one count of failures serves all connections of a pool: after
    // an outage everybody would wait that long for a server that is back.
    backoff: (failures: number) => Math.min(longestReconnectSeconds, 0.05 * 2 ** failures),
    // Notices repeat what the caller knows ("relation exists, skipping") on standard output otherwise.
    onnotice: () => {},
    settings: { search_path: searchPath, ...sessionSettings, ...settings },
    connection: {
      application_name: target.applicationName === undefined ? name : name.replace("barline", target.applicationName),
      ...(target.options !== undefined && { options: target.options }),
    },
  };
}
