import { gunzipSync } from "node:zlib";
import type { JsonValue } from "../../db/client.ts";
import { newYorkDate } from "../market/calendar.ts";
import { PermanentError } from "../orchestrator/errors.ts";
import { RequestError } from "../orchestrator/types.ts";
import { MANIFESTS } from "./layout.ts";
import { type LandedObject, readManifest, readRaw } from "./manifest.ts";
import { checkKey, type ObjectStore } from "./store.ts";

/** A row of a raw answer as the vendor gave it, and the object that holds it. */
type RawRow = { key: string; request: string; row: JsonValue };

/** What people may look at in the lake: raw answers, reference data and manifests, and nothing else that lies there. */
export type LakeViewer = {
  /** The object as it is stored. A RequestError names `key`: it is none that may be looked at, or there is no such object. */
  stored(key: string): Promise<Uint8Array<ArrayBuffer>>;
  /** What is in it, unpacked. A RequestError where it is too large to be shown. */
  text(key: string): Promise<string>;
  /** The row of a ticker's session in what a manifest lists; null where no answer of it has one, or the lake has lost it. */
  findBar(manifest: string, ticker: string, session: string): Promise<RawRow | null>;
};

const prefixes = ["raw/", "reference/", `${MANIFESTS}/`];
/** Ten times the largest answer there is; more is no answer of a market. */
const largestText = 32 * 1024 * 1024;

/** Opens a lake for looking at it. */
export function createLakeViewer(lake: ObjectStore): LakeViewer {
  const stored = async (key: string) => {
    checkViewable(key);
    const found = await lake.head(key);
    if (!found) throw new RequestError("not_found", `The lake has no object ${key}; it may have been removed.`, "key");
    return await lake.get(key);
  };
  return {
    stored,
    text: async (key) => unpack(key, await stored(key)),
    findBar: async (manifest, ticker, session) => {
      if (!(await lake.head(manifest))) return null;
      const { objects } = await readManifest(lake, manifest);
      // A later answer wins over an earlier one, as in the load.
      for (const object of objects.filter((one) => holds(one, ticker, session)).reverse()) {
        if (!(await lake.head(object.key))) continue;
        const row = findRow(await readRaw(lake, object), object, ticker, session);
        if (row !== undefined) return { key: object.key, request: object.request, row };
      }
      return null;
    },
  };
}

function checkViewable(key: string): void {
  try {
    checkKey(key);
  } catch (error) {
    if (error instanceof PermanentError) throw new RequestError("invalid", error.message, "key");
    throw error;
  }
  if (!prefixes.some((prefix) => key.startsWith(prefix)))
    throw new RequestError("invalid", `Only what begins with ${prefixes.join(", ")} can be looked at.`, "key");
}

function unpack(key: string, bytes: Uint8Array<ArrayBuffer>): string {
  if (!key.endsWith(".gz")) return new TextDecoder().decode(bytes.subarray(0, largestText));
  try {
    return gunzipSync(bytes, { maxOutputLength: largestText }).toString("utf8");
  } catch {
    throw new RequestError("invalid", `${key} cannot be unpacked here; download it to look at it.`, "key");
  }
}

function holds(object: LandedObject, ticker: string, session: string): boolean {
  if (object.route === "daily") return object.session === session;
  return object.route === "range" && object.ticker === ticker && object.from <= session && session <= object.to;
}

function findRow(raw: Uint8Array, { route }: LandedObject, ticker: string, session: string): JsonValue | undefined {
  const { results }: { results?: unknown } = JSON.parse(new TextDecoder().decode(raw));
  if (!Array.isArray(results)) return undefined;
  // The first of several, which is the one that the load keeps.
  return results.find((row: { T?: unknown; t?: unknown } | null) =>
    route === "daily" ? row?.T === ticker : typeof row?.t === "number" && newYorkDate(row.t) === session,
  );
}
