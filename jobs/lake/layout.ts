import { PermanentError } from "../orchestrator/errors.ts";

/**
 * One raw answer's place. `date` is the session for `daily`, the first day asked for `range`, and the day that the list is
 * valid for otherwise; `name` tells several lists of one day apart (`active`, `inactive`). Pages count from 1.
 */
export type RawPlace =
  | { route: "daily"; date: string }
  | { route: "range"; date: string; to: string; ticker: string; page?: number }
  | { route: "tickers" | "splits" | "dividends"; date: string; name?: string; page?: number };

/** Where manifests lie; `store.uri(MANIFESTS)` names the dataset that the ingest produces. */
export const MANIFESTS = "manifests";

/** Hex digits of the raw answer's SHA-256 in its key: 48 bits, for the handful of answers that one place ever gets. */
const HASH_DIGITS = 12;

/**
 * The key of a raw answer, Hive-partitioned by date so that DuckDB, Trino and Athena prune by it. It ends in the hash of the
 * answered bytes: a correction by the vendor lands beside the earlier answer, and a repeated fetch lands on itself.
 */
export function rawKey(place: RawPlace, rawSha256: string): string {
  if (!/^[0-9a-f]{64}$/.test(rawSha256)) throw refused("hash", rawSha256, "64 lower-case hex digits");
  const date = `date=${checkDate(place.date)}`;
  const end = `${rawSha256.slice(0, HASH_DIGITS)}.json.gz`;
  switch (place.route) {
    case "daily":
      return `raw/stocks/daily/${date}/grouped-${end}`;
    case "range": {
      const folder = `raw/stocks/range/${date}/ticker=${encodePart(place.ticker)}`;
      return `${folder}/to-${checkDate(place.to)}-${page(place.page)}-${end}`;
    }
    case "tickers":
    case "splits":
    case "dividends": {
      const name = place.name === undefined ? "" : `${checkName(place.name)}-`;
      return `reference/${place.route}/${date}/${name}${page(place.page)}-${end}`;
    }
  }
}

/** The key of the manifest that one run of a job leaves for a session. */
export function manifestKey({ job, session, runId }: { job: string; session: string; runId: string }): string {
  return `${MANIFESTS}/job=${checkName(job)}/date=${checkDate(session)}/run-${checkName(runId)}.json`;
}

/**
 * Writes any text as one part of a key: capital letters, digits, `.`, `_` and `-` stay, every other UTF-8 byte becomes `%XX`.
 * Lower-case letters too: `KIMpL` and `KIMPL` are two securities, and one file on a Mac's or a Windows disk. Hive, Trino and
 * DuckDB decode percent signs in partition values, so they still read the ticker as it is.
 */
export function encodePart(value: string): string {
  if (value === "" || !value.isWellFormed()) throw refused("name", value, "some well-formed text");
  let encoded = "";
  for (const byte of Buffer.from(value)) {
    const character = String.fromCharCode(byte);
    encoded += /[A-Z0-9._-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** The text that `encodePart` wrote. */
export function decodePart(encoded: string): string {
  return decodeURIComponent(encoded);
}

function page(number = 1): string {
  if (!Number.isInteger(number) || number < 1) throw refused("page", String(number), "a whole number from 1");
  return `page-${String(number).padStart(3, "0")}`;
}

function checkDate(date: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) throw refused("date", date, "a date as 2025-01-02");
  return date;
}

function checkName(name: string): string {
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(name)) throw refused("name", name, "lower-case letters, digits, _ and -");
  return name;
}

function refused(what: string, value: string, allowed: string): PermanentError {
  return new PermanentError(`${JSON.stringify(value)} cannot be the ${what} in a lake key; it must be ${allowed}.`);
}
