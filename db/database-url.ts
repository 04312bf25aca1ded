import { isAbsolute } from "node:path";
import { type Tls, tlsOf } from "./database-tls.ts";
import { DatabaseUrlError, decode, oneOf, parametersOf, type UrlParameters } from "./url-parameters.ts";

/** Where a database is and how it wants to be spoken to, as the driver takes it. */
export type DatabaseTarget = {
  host: string[];
  port: number[];
  /** The server's socket, instead of host and port. */
  path?: string;
  user?: string;
  pass?: string;
  database?: string;
  ssl: Tls;
  sslnegotiation?: "direct";
  connectTimeoutSeconds?: number;
  keepAliveSeconds?: number;
  targetSessionAttrs?: "read-write" | "primary";
  requireAuth?: string[];
  /** What begins the names of our connections. */
  applicationName?: string;
  /** Command-line options for the server. */
  options?: string;
};

/** What libpq takes and means nothing to us, or nothing that could be missed: values of other drivers' pools among it. */
const harmless = new Set([
  "fallback_application_name",
  "keepalives_interval",
  "keepalives_count",
  "load_balance_hosts",
  "pgbouncer",
  "pool_timeout",
  "connection_limit",
  "sslcompression",
  "sslsni",
  "supa",
  "tcp_user_timeout",
  "uselibpqcompat",
]);

/** Parameters with few values, of which those named are what we do anyway. */
const fixed: Record<string, readonly string[]> = {
  client_encoding: ["auto", "utf8", "utf-8"],
  gssencmode: ["disable", "prefer"],
  replication: ["false", "off", "no", "0"],
  ssl_min_protocol_version: ["tlsv1", "tlsv1.1", "tlsv1.2"],
};

const shape = /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/;

/**
 * Reads a connection URL as libpq does, several hosts and sockets included. What is known is honoured, what is harmless
 * dropped, and all else refused: throws {@link DatabaseUrlError}.
 */
export function parseDatabaseUrl(url: string): DatabaseTarget {
  const parts = shape.exec(url);
  if (!parts) throw new DatabaseUrlError("it is no URL like postgres://user:password@host:port/database");
  const [, login = "", hosts = "", database = "", query = ""] = parts;
  const values = parametersOf(query);
  const [user, ...password] = login.split(":");
  const given = {
    user: values.take("user") ?? decode(user ?? ""),
    pass: values.take("password") ?? decode(password.join(":")),
    database: values.take("dbname") ?? decode(database),
  };
  const target: DatabaseTarget = {
    ...addressOf(hosts, values),
    ...(given.user && { user: given.user }),
    ...(given.pass && { pass: given.pass }),
    ...(given.database && { database: given.database }),
    ...behaviourOf(values),
    ssl: false,
  };
  target.ssl = tlsOf(values, target.path !== undefined);
  const unknown = values.left().find((name) => !harmless.has(name));
  if (unknown !== undefined) throw new DatabaseUrlError(`the parameter ${unknown} is not supported; leave it out`);
  return target;
}

const defaultPort = 5432;

function addressOf(authority: string, values: UrlParameters): Pick<DatabaseTarget, "host" | "port" | "path"> {
  const entries = authority === "" ? [] : authority.split(",").map(readEntry);
  const named = values.take("hostaddr") ?? values.take("host");
  values.take("host");
  const host = named?.split(",") ?? entries.map((entry) => entry.host);
  const ports = values.take("port")?.split(",").map(readPort) ?? entries.map((entry) => entry.port);
  if (host.length === 0 || (host.length === 1 && host[0] === "")) host.splice(0, 1, "localhost");
  const port = host.map((_, index) => ports[index] ?? (ports.length === 1 ? ports[0] : undefined) ?? defaultPort);
  const sockets = host.filter(isAbsolute);
  if (sockets.length === 0) return { host, port };
  if (host.length > 1) throw new DatabaseUrlError("host has a socket's folder among several hosts; name it alone");
  return { host: ["localhost"], port, path: `${sockets[0]}/.s.PGSQL.${port[0]}` };
}

function readEntry(text: string): { host: string; port: number | undefined } {
  const [, ipv6, name, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d*))?$/.exec(text) ?? [];
  const host = decode(ipv6 ?? name ?? " ");
  // What is left of a password that was not encoded would be looked up, and logged, as a host.
  if (/[\s@]/.test(host)) {
    throw new DatabaseUrlError(
      "a host of it cannot be read; in a user's name or password write %40 for @, %3A for :, %2F for /, %3F for ? and %23 for #",
    );
  }
  return { host, port: port ? readPort(port) : undefined };
}

function readPort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new DatabaseUrlError("port is no whole number from 1 to 65535");
  return port;
}

function behaviourOf(values: UrlParameters): Partial<DatabaseTarget> {
  for (const [name, allowed] of Object.entries(fixed)) oneOf(name, values.take(name)?.toLowerCase(), allowed);
  const session = oneOf("target_session_attrs", values.take("target_session_attrs"), ["any", "read-write", "primary"]);
  const keepAlives = oneOf("keepalives", values.take("keepalives"), ["0", "1"]);
  const idle = seconds("keepalives_idle", values.take("keepalives_idle"));
  const keepAliveSeconds = keepAlives === "0" ? 0 : idle || undefined;
  const connectTimeoutSeconds = seconds("connect_timeout", values.take("connect_timeout"));
  const negotiation = oneOf("sslnegotiation", values.take("sslnegotiation"), ["postgres", "direct"]);
  const requireAuth = readRequireAuth(values.take("require_auth"));
  const applicationName = values.take("application_name");
  const options = values.take("options");
  return {
    ...((session === "read-write" || session === "primary") && { targetSessionAttrs: session }),
    ...(keepAliveSeconds !== undefined && { keepAliveSeconds }),
    ...(connectTimeoutSeconds !== undefined && { connectTimeoutSeconds }),
    ...(negotiation === "direct" && { sslnegotiation: negotiation }),
    ...(requireAuth && { requireAuth }),
    ...(applicationName !== undefined && { applicationName }),
    ...(options !== undefined && { options }),
  };
}

const authMethods = ["password", "md5", "scram-sha-256", "none"];

function readRequireAuth(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  const names = text.split(",").map((name) => name.trim());
  const refused = names.every((name) => name.startsWith("!"));
  const plain = refused ? names.map((name) => name.slice(1)) : names;
  for (const name of plain) oneOf("require_auth", name, authMethods);
  return refused ? authMethods.filter((name) => !plain.includes(name)) : plain;
}

function seconds(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,6}$/.test(text)) throw new DatabaseUrlError(`${name} is no whole number of seconds`);
  return Number(text);
}
