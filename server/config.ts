import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseDatabaseUrl } from "../db/database-url.ts";
import { DatabaseUrlError } from "../db/url-parameters.ts";
import type { AlertSettings } from "../jobs/alerts/types.ts";
import type { ExportMode } from "../jobs/export/tables.ts";
import { defaultAnswerMegabytes } from "../jobs/market/body.ts";
import { parseUniverse } from "../jobs/market/universe.ts";
import type { Proxies } from "../jobs/network/proxy.ts";
import { type Role, roles } from "../jobs/roles.ts";
import { alertSettings } from "./alert-config.ts";
import { readAddress } from "./http/address.ts";
import { nearest } from "./http/nearest.ts";
import { readProxies } from "./proxy-config.ts";
import { secrets, type Values, variables } from "./variables.ts";

/** What the environment says, but for the passwords: routes see this. Durations and rates name their unit. */
export type Config = {
  host: string;
  port: number;
  /** Addresses and networks whose X-Forwarded-For is believed. */
  trustedProxies: string[];
  dataDir: string;
  /** Null: the embedded PostgreSQL. */
  databaseUrl: string | null;
  /** Null: the folder lake under `dataDir`. `bucket` names the datasets in both. */
  s3: {
    endpoint: string | null;
    region: string;
    accessKeyId: string | null;
    secretAccessKey: string | null;
    sessionToken: string | null;
  } | null;
  bucket: string;
  market: {
    /** `demo` is the simulated exchange, used where no key is set. */
    source: "polygon" | "demo";
    apiKey: string | null;
    baseUrl: string;
    callsPerMinute: number | null;
    maxAnswerMegabytes: number;
  };
  universe: string;
  startDate: string;
  catchup: "all" | "latest" | "none";
  /** Sessions fetched again after each new one. */
  recheckSessions: number;
  /** The people's own models, tests, seeds and strategies. */
  workspaceDir: string;
  /** What each model and test of it may take. */
  workspaceModelSeconds: number;
  /** What is exported to the lake; null: what its page says, or is usual. */
  exportMode: ExportMode | null;
  workers: number;
  /** What spreads the large tables over several servers; null: one has all of them. */
  distribute: "citus" | null;
  /** Over how many shards; null: as many as the workers have processors. */
  distributeShards: number | null;
  /** What this process does. */
  roles: readonly Role[];
  logLevel: "debug" | "info" | "warn" | "error";
  /** What the vendor and S3 are reached through. */
  proxies: Proxies;
  /** Whether who may only look may run SQL too. */
  sqlForViewers: boolean;
  /** Who is told of problems. */
  alerts: AlertSettings;
  /** What `env_var` may read in the dbt project: DBT_… and where the database is. No secret is in it. */
  dbtEnvironment: Record<string, string>;
};

/** What a start is given: the passwords too, or their Argon2id hashes in PHC form. Only hashes are kept. */
export type StartConfig = Config & { adminPassword: string | null; viewerPassword: string | null };

/** A variable that cannot be used; the message names it, its value unless secret, and what is allowed. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Prefixes that are ours: another name under them is a slip of the pen, and is refused rather than ignored. */
const ownPrefixes = ["ALERT_", "SMTP_", "POLYGON_", "S3_", "BARLINE_", "WORKSPACE_", "DISTRIBUTE_"];

type Environment = Record<string, string | undefined>;

/** Reads and checks the environment. An empty value counts as not set. Throws {@link ConfigError}. */
export function readConfig(environment: Environment, now: Date): StartConfig {
  const values = parseVariables(environment);
  refuseUnknown(environment);
  checkUniverse(values.UNIVERSE ?? "all");
  checkDatabaseUrl(values.DATABASE_URL);
  checkDistribution(values);
  const host = values.HOST ?? "127.0.0.1";
  const startDate = values.START_DATE ?? `${now.getUTCFullYear()}-01-01`;
  if (startDate < "1999-01-01" || startDate > now.toISOString().slice(0, 10)) {
    throw new ConfigError(problem("START_DATE", startDate, "a date from 1999-01-01 to today"));
  }
  checkPasswords(host, values);
  const dataDir = values.DATA_DIR ?? "./data";
  return {
    host,
    port: values.PORT ?? 3000,
    trustedProxies: values.TRUSTED_PROXIES ?? [],
    adminPassword: values.ADMIN_PASSWORD ?? null,
    viewerPassword: values.VIEWER_PASSWORD ?? null,
    dataDir,
    databaseUrl: values.DATABASE_URL ?? null,
    s3: objectStore(values),
    bucket: values.S3_BUCKET ?? "test",
    market: market(values),
    universe: values.UNIVERSE ?? "all",
    startDate,
    catchup: values.CATCHUP ?? "all",
    recheckSessions: values.RECHECK_SESSIONS ?? 5,
    workspaceDir: values.WORKSPACE_DIR ?? join(dataDir, "workspace"),
    workspaceModelSeconds: values.WORKSPACE_MODEL_TIMEOUT ?? 600,
    exportMode: values.EXPORT ?? null,
    workers: values.WORKERS ?? availableParallelism(),
    distribute: values.DISTRIBUTE ?? null,
    distributeShards: values.DISTRIBUTE_SHARDS ?? null,
    roles: values.ROLES ?? roles,
    logLevel: values.LOG_LEVEL ?? "info",
    proxies: proxies(environment),
    sqlForViewers: values.SQL_FOR_VIEWERS ?? false,
    alerts: alerts(values),
    dbtEnvironment: dbtEnvironment(environment),
  };
}

function checkDatabaseUrl(url: string | undefined): void {
  if (url === undefined) return;
  try {
    parseDatabaseUrl(url);
  } catch (error) {
    if (!(error instanceof DatabaseUrlError)) throw error;
    throw new ConfigError(`DATABASE_URL cannot be used: ${error.message}.`);
  }
}

function checkDistribution({ DISTRIBUTE, DATABASE_URL }: Values): void {
  if (DISTRIBUTE && !DATABASE_URL) {
    throw new ConfigError(
      `DISTRIBUTE is "${DISTRIBUTE}", and there is no DATABASE_URL: the embedded PostgreSQL is one server. Name the coordinator there, or leave DISTRIBUTE out.`,
    );
  }
}

/** The network needs a password, and viewers one of their own. */
function checkPasswords(host: string, { ADMIN_PASSWORD, VIEWER_PASSWORD }: Values): void {
  if (!isLoopback(host) && !ADMIN_PASSWORD) {
    throw new ConfigError(
      `HOST is "${host}", which others on the network can reach: set ADMIN_PASSWORD (at least 8 characters), or HOST=127.0.0.1.`,
    );
  }
  if (VIEWER_PASSWORD && !ADMIN_PASSWORD) {
    throw new ConfigError("VIEWER_PASSWORD is set, and ADMIN_PASSWORD is not: without it everybody may do everything.");
  }
  if (VIEWER_PASSWORD && VIEWER_PASSWORD === ADMIN_PASSWORD) {
    throw new ConfigError("VIEWER_PASSWORD is the same as ADMIN_PASSWORD; set it to another, or leave it out.");
  }
}

/** dbt itself keeps what begins with DBT_ENV_SECRET_ from everything but the profile. */
const dbtNames = /^(DBT_(?!ENV_SECRET_)\w+|PG(HOST|PORT|USER|DATABASE))$/;

function dbtEnvironment(environment: Environment): Record<string, string> {
  const entries = Object.entries(environment).filter(([name, value]) => dbtNames.test(name) && value !== undefined);
  return Object.fromEntries(entries) as Record<string, string>;
}

function parseVariables(environment: Environment): Values {
  const values: Record<string, unknown> = {};
  for (const [name, { schema, allowed }] of Object.entries(variables)) {
    const given = environment[name];
    if (!given?.trim()) continue;
    // Somebody may mean a space at the end of a password; nowhere else.
    const text = name === "ADMIN_PASSWORD" || name === "VIEWER_PASSWORD" ? given : given.trim();
    const parsed = schema.safeParse(text);
    if (!parsed.success) throw new ConfigError(problem(name, text, allowed));
    values[name] = parsed.data;
  }
  return values as Values;
}

/** The list has its own grammar; its errors name the variable, the faulty entry and what is allowed. */
function checkUniverse(text: string): void {
  try {
    parseUniverse(text);
  } catch (error) {
    throw error instanceof Error ? new ConfigError(error.message, { cause: error }) : error;
  }
}

const problem = (name: string, value: string, allowed: string) =>
  `${name} is ${secrets.has(name) ? "set to something that cannot be used" : `"${value}"`}; allowed is ${allowed}.`;

/** Edits that a variable's name may be away from the one that was meant. */
const furthestSlip = 6;

function refuseUnknown(environment: Environment): void {
  for (const name of Object.keys(environment)) {
    if (name in variables || !ownPrefixes.some((prefix) => name.startsWith(prefix))) continue;
    const close = nearest(name, Object.keys(variables), furthestSlip);
    throw new ConfigError(
      `${name} is not a variable of Barline. ${close ? `Did you mean ${close}?` : `Known are ${Object.keys(variables).join(", ")}.`}`,
    );
  }
}

/** Whether only this machine reaches `host`: the whole of 127.0.0.0/8, and ::1. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || readAddress(host)?.range() === "loopback";
}

/** S3 is meant as soon as one of its variables is set; without an endpoint or keys, it is AWS and its default credentials. */
function objectStore(values: Values): Config["s3"] {
  const { S3_BUCKET, S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, S3_SESSION_TOKEN } = values;
  if ((S3_ACCESS_KEY_ID === undefined) !== (S3_SECRET_ACCESS_KEY === undefined)) {
    throw new ConfigError("S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY go together: set both, or neither.");
  }
  if (S3_SESSION_TOKEN && !S3_ACCESS_KEY_ID) {
    throw new ConfigError(
      "S3_SESSION_TOKEN goes with S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY: set all three, or neither.",
    );
  }
  if (!S3_BUCKET && !S3_ENDPOINT && !S3_REGION && !S3_ACCESS_KEY_ID) return null;
  return {
    endpoint: S3_ENDPOINT ?? null,
    region: S3_REGION ?? "us-east-1",
    accessKeyId: S3_ACCESS_KEY_ID ?? null,
    secretAccessKey: S3_SECRET_ACCESS_KEY ?? null,
    sessionToken: S3_SESSION_TOKEN ?? null,
  };
}

function proxies(environment: Environment): Proxies {
  const found = readProxies(environment);
  if ("wrong" in found)
    throw new ConfigError(problem(found.wrong, "", "an http or https URL, such as http://proxy:3128"));
  return found;
}

function alerts(values: Values): AlertSettings {
  const settings = alertSettings(values);
  if (typeof settings === "string") throw new ConfigError(settings);
  return settings;
}

function market(values: Values): Config["market"] {
  return {
    source: values.POLYGON_API_KEY ? "polygon" : "demo",
    apiKey: values.POLYGON_API_KEY ?? null,
    baseUrl: values.POLYGON_BASE_URL ?? "https://api.massive.com",
    callsPerMinute: values.POLYGON_CALLS_PER_MINUTE ?? null,
    maxAnswerMegabytes: values.MAX_ANSWER_MB ?? defaultAnswerMegabytes,
  };
}
