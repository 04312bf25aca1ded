import { parseDatabaseUrl } from "../database-url.ts";
import type { PublishedLogin } from "./login.ts";

/** How a login reaches the database: as one line, and for forms that ask for each part. */
export type Connection = { url: string; host: string; port: number; database: string };

/** Parts of a URL that are of who signs in, and not of where to. */
const personal = new Set([
  "user",
  "password",
  "passfile",
  "options",
  "application_name",
  "sslcert",
  "sslkey",
  "sslpassword",
]);

/** The address of the database behind `url`, for another login. */
export function connectionFor(url: string, { role, password }: PublishedLogin): Connection {
  const [address = "", query = ""] = url.split("?");
  const place = address.replace(/^[a-z]+:\/\/(?:[^@/]*@)?/, "");
  const kept = query.split("&").filter((pair) => pair !== "" && !personal.has(pair.split("=")[0] ?? ""));
  return {
    url: `postgresql://${role}:${password}@${place}${kept.length > 0 ? `?${kept.join("&")}` : ""}`,
    ...connectionPlace(url),
  };
}

/** Where the database behind `url` is: the first of several hosts, or the folder of a socket. */
export function connectionPlace(url: string): Omit<Connection, "url"> {
  const { host, port, path, database } = parseDatabaseUrl(url);
  return { host: path ?? host[0] ?? "", port: port[0] ?? 5432, database: database ?? "" };
}
