import { z } from "zod";
import { exportModes } from "../jobs/export/tables.ts";
import { roles } from "../jobs/roles.ts";
import { alertVariables } from "./alert-config.ts";
import { readNetwork } from "./http/address.ts";

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
export const variables = {
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
  WORKSPACE_DIR: { schema: z.string().min(1), allowed: "a folder" },
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
  WORKSPACE_MODEL_TIMEOUT: { schema: wholeNumber(1, 86_400), allowed: "a whole number of seconds from 1 to 86400" },
  EXPORT: { schema: z.enum(exportModes), allowed: "`off`, `marts` or `all`" },
  DISTRIBUTE: { schema: z.enum(["citus"]), allowed: "`citus`, or nothing" },
  DISTRIBUTE_SHARDS: { schema: wholeNumber(1, 1024), allowed: "a whole number from 1 to 1024" },
  ROLES: {
    schema: z
      .string()
      .transform((text) => text.split(",").map((role) => role.trim()))
      .pipe(z.array(z.enum(roles)))
      .transform((given) => roles.filter((role) => given.includes(role))),
    allowed: `one or more of ${roles.map((role) => `\`${role}\``).join(", ")}, separated by commas`,
  },
  WORKERS: { schema: wholeNumber(1, 64), allowed: "a whole number from 1 to 64" },
  SQL_FOR_VIEWERS: {
    schema: z.enum(["true", "false"]).transform((text) => text === "true"),
    allowed: "`true` or `false`",
  },
  LOG_LEVEL: { schema: z.enum(["debug", "info", "warn", "error"]), allowed: "`debug`, `info`, `warn` or `error`" },
  ...alertVariables,
} satisfies Record<string, { schema: z.ZodType; allowed: string }>;

type Variables = typeof variables;
export type Values = { [Name in keyof Variables]?: z.output<Variables[Name]["schema"]> };

/** Variables whose value no message repeats. */
export const secrets = new Set([
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
