import { availableParallelism } from "node:os";
import { z } from "zod";
import { parseDatabaseUrl } from "../db/database-url.ts";
import { DatabaseUrlError } from "../db/url-parameters.ts";
import type { AlertSettings } from "../jobs/alerts/types.ts";
import { defaultAnswerMegabytes } from "../jobs/market/body.ts";
import { parseUniverse } from "../jobs/market/universe.ts";
import type { Proxies } from "../jobs/network/proxy.ts";
import { alertSettings, alertVariables } from "./alert-config.ts";
import { readAddress, readNetwork } from "./http/address.ts";
import { nearest } from "./http/nearest.ts";
import { readProxies } from "./proxy-config.ts";

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
  workers: number;
  logLevel: "debug" | "info" | "warn" | "error";
  /** What the vendor and S3 are reached through. */
  proxies: Proxies;
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

const secrets = new Set([
  "ADMIN_PASSWORD",
  "ALERT_WEBHOOK_URL",
  "DATABASE_URL",
  "HTTPS_PROXY",
  "HTTP_PROXY",
  "POLYGON_API_KEY",
  "S3_SECRET_ACCESS_KEY",
  "S3_SESSION_TOKEN",
  "SMTP_URL",
  "VIEWER_PASSWORD",
]);
/** Prefixes that are ours: another name under them is a slip of the pen, and is refused rather than ignored. */
const ownPrefixes = ["ALERT_", "SMTP_", "POLYGON_", "S3_", "BARLINE_"];

const wholeNumber = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d+$/)
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum);
const url = (protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol));
/** Whether `text` means to be a hash of a password rather than the password. */
export const isPasswordHash = (text: string) => text.startsWith("$argon2");
/** What is left of a hash in an .env file where `$argon2id`, `$v` and so on were taken for variables. */
const isTornHash = (text: string) => !isPasswordHash(text) && /=\d+,t=\d+,p=\d+/.test(text);
const isArgon2id = (text: string) =>
  /^\$argon2id\$v=19\$m=\d{1,7},t=\d{1,3},p=\d{1,3}\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/.test(text);
const addresses = (text: string) =>
  text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
const isCalendarDate = (text: string) =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text);

const password = {
  schema: z
    .string()
    .min(8)
    .refine((text) => (isPasswordHash(text) ? isArgon2id(text) : !isTornHash(text))),
  allowed: "at least 8 characters, or an Argon2id hash in PHC form (in .env with \\ before each $)",
};

/** Each variable: how it is read, and what is allowed, in words for the error. */
const variables = {
  HOST: { schema: z.string().regex(/^[\w.:-]+$/), allowed: "a host name or address, such as 127.0.0.1 or 0.0.0.0" },
  PORT: { schema: wholeNumber(0, 65_535), allowed: "a whole number from 0 (any free port) to 65535" },
  ADMIN_PASSWORD: password,
  VIEWER_PASSWORD: password,
  TRUSTED_PROXIES: {
    schema: z
      .string()
      .transform(addresses)
      .refine((entries) => entries.every((entry) => readNetwork(entry) !== null)),
    allowed: "addresses or networks separated by commas, such as 127.0.0.1,10.0.0.0/8",
  },
  DATA_DIR: { schema: z.string().min(1), allowed: "a folder" },
  DATABASE_URL: {
    schema: z.string().regex(/^postgres(ql)?:\/\//),
    allowed: "postgres://user:password@host:port/database",
  },
  S3_BUCKET: {
    schema: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/),
    allowed: "a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens",
  },
  S3_ENDPOINT: { schema: url(["http:", "https:"]), allowed: "an http or https URL, such as http://localhost:9000" },
  S3_REGION: { schema: z.string().regex(/^[\w-]+$/), allowed: "a region name, such as us-east-1" },
  S3_ACCESS_KEY_ID: { schema: z.string().min(1), allowed: "an access key id" },
  S3_SECRET_ACCESS_KEY: { schema: z.string().min(1), allowed: "a secret access key" },
  S3_SESSION_TOKEN: { schema: z.string().regex(/^\S+$/), allowed: "a session token without spaces" },
  POLYGON_API_KEY: { schema: z.string().regex(/^\S+$/), allowed: "a key without spaces" },
  POLYGON_BASE_URL: {
    schema: url(["http:", "https:"]),
    allowed: "an http or https URL, such as https://api.massive.com",
  },
  POLYGON_CALLS_PER_MINUTE: {
    schema: z.union([z.literal("unlimited").transform(() => null), wholeNumber(1, 100_000)]),
    allowed: "`unlimited` or a whole number from 1 to 100000",
  },
  MAX_ANSWER_MB: { schema: wholeNumber(1, 2000), allowed: "a whole number of megabytes from 1 to 2000" },
  UNIVERSE: {
    schema: z.string().min(1),
    allowed: "`all`, ticker types such as type:CS,type:ETF, or tickers such as AAPL,MSFT",
  },
  START_DATE: { schema: z.string().refine(isCalendarDate), allowed: "a date such as 2025-01-02, from 1999-01-01 on" },
  CATCHUP: { schema: z.enum(["all", "latest", "none"]), allowed: "`all`, `latest` or `none`" },
  RECHECK_SESSIONS: { schema: wholeNumber(0, 250), allowed: "a whole number from 0 (none) to 250" },
  WORKERS: { schema: wholeNumber(1, 64), allowed: "a whole number from 1 to 64" },
  LOG_LEVEL: { schema: z.enum(["debug", "info", "warn", "error"]), allowed: "`debug`, `info`, `warn` or `error`" },
  ...alertVariables,
} satisfies Record<string, { schema: z.ZodType; allowed: string }>;

type Variables = typeof variables;
type Values = { [Name in keyof Variables]?: z.output<Variables[Name]["schema"]> };
type Environment = Record<string, string | undefined>;

/** Reads and checks the environment. An empty value counts as not set. Throws {@link ConfigError}. */
export function readConfig(environment: Environment, now: Date): StartConfig {
  const values = parseVariables(environment);
  refuseUnknown(environment);
  checkUniverse(values.UNIVERSE ?? "all");
  checkDatabaseUrl(values.DATABASE_URL);
  const host = values.HOST ?? "127.0.0.1";
  const startDate = values.START_DATE ?? `${now.getUTCFullYear()}-01-01`;
  if (startDate < "1999-01-01" || startDate > now.toISOString().slice(0, 10)) {
    throw new ConfigError(problem("START_DATE", startDate, "a date from 1999-01-01 to today"));
  }
  checkPasswords(host, values);
  return {
    host,
    port: values.PORT ?? 3000,
    trustedProxies: values.TRUSTED_PROXIES ?? [],
    adminPassword: values.ADMIN_PASSWORD ?? null,
    viewerPassword: values.VIEWER_PASSWORD ?? null,
    dataDir: values.DATA_DIR ?? "./data",
    databaseUrl: values.DATABASE_URL ?? null,
    s3: objectStore(values),
    bucket: values.S3_BUCKET ?? "test",
    market: market(values),
    universe: values.UNIVERSE ?? "all",
    startDate,
    catchup: values.CATCHUP ?? "all",
    recheckSessions: values.RECHECK_SESSIONS ?? 5,
    workers: values.WORKERS ?? availableParallelism(),
    logLevel: values.LOG_LEVEL ?? "info",
    proxies: proxies(environment),
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
