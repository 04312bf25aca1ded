import postgres from "postgres";

/** A pool of connections; also what a transaction gives. Every statement in Barline is a tagged template on one. */
export type Sql = postgres.Sql<{ bigint: number; date: string }>;
export type TransactionSql = postgres.TransactionSql<{ bigint: number; date: string }>;
export type JsonValue = postgres.JSONValue;

export type PoolRole = "state" | "lock" | "work" | "read";

/** How many connections a role may hold, and what the server should enforce on them. */
const roles: Record<PoolRole, { max: number; connection: Record<string, string | number | boolean> }> = {
  // Claims, leases, events: short transactions only, so that a long load or transform never makes them wait.
  state: { max: 4, connection: { statement_timeout: 30_000, idle_in_transaction_session_timeout: 60_000 } },
  // One connection that holds the lock by which a process shows that it lives.
  lock: { max: 1, connection: {} },
  // Loads and transforms: as long as it takes.
  work: { max: 4, connection: {} },
  // The dashboard and the API: cannot write, cannot hang.
  read: { max: 6, connection: { default_transaction_read_only: true, statement_timeout: 10_000 } },
};

const longestReconnectSeconds = 1;

/** The role that the read pool takes on, where the database lets us make it. */
export const readerRole = "barline_reader";

/** Not the server's default: a login called like our schema, `barline`, would find that one first. */
export const searchPath = "public";

/** The largest id that a JavaScript number holds exactly is 2^53; ours are counters far below it. */
const types = {
  bigint: { to: 20, from: [20], parse: (text: string) => Number(text), serialize: (value: number) => String(value) },
  // A trading day is a date, not an instant: keep the text, as a Date would move it by the machine's time zone.
  date: { to: 1082, from: [1082], parse: (text: string) => text, serialize: (value: string) => value },
};

/** Opens a lazy pool for `role`. Its connections carry the role in `application_name`. */
export function openPool(
  url: string,
  role: PoolRole,
  options: { max?: number; name?: string; asReader?: boolean } = {},
): Sql {
  const { max, connection } = roles[role];
  return postgres(url, {
    max: options.max ?? max,
    types,
    // The driver retires a connection after 30 to 60 minutes, and an idle one sooner; a lock would go with it.
    ...(role === "lock" ? { max_lifetime: null } : { idle_timeout: 60 }),
    // An attempt that meets a server on its way down may hear nothing at all, and what waits for it stands still so long.
    connect_timeout: 4,
    // The driver's own delays grow to 20 seconds, and one count of failures serves all connections of a pool: after
    // an outage everybody would wait that long for a server that is back.
    backoff: (failures) => Math.min(longestReconnectSeconds, 0.05 * 2 ** failures),
    // Notices repeat what the caller knows ("relation exists, skipping") on standard output otherwise.
    onnotice: () => {},
    connection: {
      application_name: options.name ?? `barline ${role}`,
      search_path: searchPath,
      ...connection,
      ...(options.asReader && { role: readerRole }),
    },
  });
}
