import pino, { type Logger } from "pino";
import { parseDatabaseUrl } from "../db/database-url.ts";
import { secretsOfUrl } from "../jobs/alerts/secrets.ts";
import type { Config, StartConfig } from "./config.ts";

export type LogLevel = Config["logLevel"];

/** Fields that are never written, whatever they hold: two levels deep, which is as deep as log calls go. */
const secretFields = [
  "authorization",
  "cookie",
  "password",
  "adminPassword",
  "viewerPassword",
  "apiKey",
  "secretAccessKey",
  "sessionToken",
  "databaseUrl",
];
/** A configured secret shorter than this would blank out half of every line; none that protects anything is. */
const shortestSecret = 4;

/**
 * Makes the process's logger: JSON lines, or with `pretty` one compact line a message for a terminal. Values of
 * `secrets` are removed from every line, wherever they occur: in a field, a message or a stack.
 */
export function createLogger(options: {
  level: LogLevel;
  pretty: boolean;
  secrets?: readonly string[];
  /** Takes each finished line with its line feed; standard output by default. */
  write?: (line: string) => void;
}): Logger {
  const write = options.write ?? standardOutput();
  const redact = createRedactor(options.secrets ?? []);
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: (error: unknown) => describeError(error), err: (error: unknown) => describeError(error) },
      redact: { paths: secretFields.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: "[secret]" },
    },
    { write: (line: string) => write(options.pretty ? prettyLine(redact(line)) : redact(line)) },
  );
}

/** What tells more than the message, in errors of PostgreSQL, the system, and our own. */
const errorDetails = ["code", "severity", "detail", "hint", "where", "table_name", "constraint_name", "advice"];
const deepestCause = 5;

/**
 * An error as fields. Named properties only: libraries hang whole connections and requests on their errors, which cannot be
 * written and may hold secrets.
 */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return error;
  const details = errorDetails.flatMap((name) => {
    const value: unknown = Reflect.get(error, name);
    return typeof value === "string" || typeof value === "number" ? [[name, value]] : [];
  });
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...Object.fromEntries(details),
    ...(error.cause !== undefined && depth < deepestCause && { cause: describeError(error.cause, depth + 1) }),
    ...(error instanceof AggregateError && depth < deepestCause && { errors: describeParts(error, depth + 1) }),
  };
}

/** The parts may be no errors: those of Bun's bundler tell their place when they are made a string. */
const describeParts = (error: AggregateError, depth: number) =>
  error.errors.map((part: unknown) => (part instanceof Error ? describeError(part, depth) : { message: String(part) }));

/** What `config` holds that no log line may show: of the passwords, the logger has the last plain copies. */
export function configSecrets(config: StartConfig): string[] {
  const databasePassword = config.databaseUrl === null ? undefined : parseDatabaseUrl(config.databaseUrl).pass;
  const candidates = [
    config.adminPassword,
    config.viewerPassword,
    config.market.apiKey,
    config.s3?.secretAccessKey,
    config.s3?.sessionToken,
    config.databaseUrl,
    databasePassword,
    databasePassword && encodeURIComponent(databasePassword),
    ...[config.proxies.http, config.proxies.https].flatMap((proxy) => (proxy === null ? [] : passwordsOf(proxy))),
    ...(config.alerts.webhookUrl === null ? [] : secretsOfUrl(config.alerts.webhookUrl)),
    ...(config.alerts.email === null ? [] : secretsOfUrl(config.alerts.email.smtpUrl)),
  ];
  return candidates.filter((value): value is string => !!value && value.length >= shortestSecret);
}

/** The address itself is no secret, and stands in what a failed connection says. */
function passwordsOf(url: string): string[] {
  const { password } = new URL(url);
  return [password, decodeURIComponent(password)];
}

/** Synchronous, so that the last lines before an exit are not lost. */
function standardOutput(): (line: string) => void {
  const destination = pino.destination({ fd: 1, sync: true });
  return (line) => {
    destination.write(line);
  };
}

/** Works on the finished line: a secret inside a message or stack is caught too, also as JSON escapes it. */
function createRedactor(secrets: readonly string[]): (line: string) => string {
  const forms = secrets
    .filter((secret) => secret.length >= shortestSecret)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  // The longest first: a URL is blanked as a whole, not only the password in it.
  const ordered = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (line) => ordered.reduce((text, secret) => text.replaceAll(secret, "[secret]"), line);
}

const colours: Record<string, string> = { debug: "\x1b[2m", warn: "\x1b[33m", error: "\x1b[31m", fatal: "\x1b[31m" };
const dim = "\x1b[2m";
const reset = "\x1b[0m";

/** `12:00:01 warn  message key=value 12 ms`, with an error's stack below. */
function prettyLine(json: string): string {
  const { time, level, msg, error, durationMs, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const clock = typeof time === "string" ? time.slice(11, 19) : "";
  const name = String(level);
  const words = Object.entries(fields).map(([key, value]) => `${key}=${plain(value)}`);
  if (typeof durationMs === "number") words.push(`${Math.round(durationMs * 10) / 10} ms`);
  const trail = words.length ? ` ${dim}${words.join(" ")}${reset}` : "";
  const colour = colours[name];
  const label = colour ? `${colour}${name.padEnd(5)}${reset}` : name.padEnd(5);
  return `${dim}${clock}${reset} ${label} ${printable(String(msg ?? ""))}${trail}\n${errorLines(error)}`;
}

function errorLines(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const { stack, message, cause, errors } = error as Record<string, unknown>;
  const text = typeof stack === "string" ? stack : String(message ?? "");
  const lines = text.split("\n").map((line) => `    ${printable(line)}\n`);
  const parts = Array.isArray(errors) ? errors.map(errorLines) : [];
  return [...lines, errorLines(cause), ...parts].join("");
}

function plain(value: unknown): string {
  const text = typeof value === "string" && /^[\w./:@%+-]+$/.test(value) ? value : JSON.stringify(value);
  return printable(text ?? "");
}

/** Control characters from outside could otherwise move the cursor of whoever reads the terminal. */
const printable = (text: string) => text.replace(/\p{Cc}/gu, " ");
