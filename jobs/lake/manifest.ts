import { z } from "zod";
import { PermanentError } from "../orchestrator/errors.ts";
import { manifestKey, type RawPlace, rawKey } from "./layout.ts";
import { type ObjectStore, sha256Hex, throwIfCancelled } from "./store.ts";

const date = z.iso.date();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();

/** A manifest may be copied about freely, so no query that carries a key may enter one. */
const request = z
  .string()
  .startsWith("/", "must be a path, without the server's address")
  .refine((path) => !/[?&]api_?key=/i.test(path), "must not carry an API key");

const stored = {
  ...{ key: z.string().min(1), size: count, sha256, rawSize: count, rawSha256: sha256, rows: count, request },
  redacted: z.literal(true).optional(),
};
const objectSchema = z.discriminatedUnion("route", [
  z.object({ ...stored, route: z.literal("daily"), session: date }),
  z.object({ ...stored, route: z.literal("range"), ticker: z.string().min(1), from: date, to: date }),
  z.object({ ...stored, route: z.enum(["tickers", "splits", "dividends"]), session: date }),
]);

const manifestSchema = z.object({
  version: z.literal(1),
  job: z.string().min(1),
  runId: z.string().min(1),
  /** First and last session that the run fetched; the same for a daily run. */
  sessions: z.object({ from: date, to: date }).refine(({ from, to }) => from <= to, "from must not be after to"),
  source: z.enum(["polygon", "demo"]),
  strategy: z.enum(["grouped", "per_ticker"]),
  createdAt: z.iso.datetime(),
  objects: z.array(objectSchema),
});

/**
 * One landed answer: `size` and `sha256` are of the stored (gzip) bytes, `rawSize` and `rawSha256` of the answered ones;
 * `rows` is how many results the answer holds; `request` is the path that was asked, without server and key. `redacted`: the API had
 * repeated the key, which was blanked before it landed; the hashes are of what landed.
 */
export type LandedObject = z.infer<typeof objectSchema>;

/** What one run landed, and all that the load needs to read it back and to trust it. */
export type Manifest = z.infer<typeof manifestSchema>;

/**
 * libdeflate at level 1 packs 11,000 grouped rows (1.14 MB) in 4 ms to 33 %. zlib takes as long for 46 % at its level 1 and
 * 7 ms for 33 % at 2; libdeflate's 6 gets 28 % but costs 14 ms, which over a year's sessions is seconds for little space.
 * Both write a zero time into the header, so equal answers make equal objects.
 */
const GZIP = { library: "libdeflate", level: 1 } as const;

/**
 * Lands one raw answer, byte for byte within gzip, and returns its manifest entry. Repeating it is harmless: the same bytes
 * find themselves landed, other bytes for the same place land beside them, and a damaged object is written again.
 */
export async function landAnswer(
  store: ObjectStore,
  answer: {
    place: RawPlace;
    body: Uint8Array<ArrayBuffer>;
    rows: number;
    request: string;
    redacted?: boolean;
    signal?: AbortSignal;
  },
): Promise<LandedObject> {
  const { place, body, rows, redacted = false, signal } = answer;
  throwIfCancelled(signal);
  const rawSha256 = sha256Hex(body);
  const key = rawKey(place, rawSha256);
  const landed =
    (await findIntact(store, key, rawSha256)) ??
    // No Content-Encoding: with it, some clients unpack on the way, and the name would no longer fit the contents.
    (await store.put(key, Bun.gzipSync(body, GZIP), {
      contentType: "application/gzip",
      ...(redacted && { metadata: { redacted: "true" } }),
      ...(signal === undefined ? {} : { signal }),
    }));
  const entry = {
    key,
    ...landed,
    rawSize: body.byteLength,
    rawSha256,
    rows,
    request: answer.request,
    ...(redacted && { redacted }),
  };
  return checked(objectSchema, { ...entry, ...describePlace(place) }, key);
}

/**
 * What already lies under the key, where it holds the same answer. It is kept rather than written again, for another version
 * of the compressor may pack it differently, and then an earlier manifest's hash would no longer fit.
 */
async function findIntact(store: ObjectStore, key: string, rawSha256: string) {
  if ((await store.head(key)) === undefined) return undefined;
  const bytes = await store.get(key);
  const raw = gunzip(bytes);
  if (raw === undefined || sha256Hex(raw) !== rawSha256) return undefined;
  return { size: bytes.byteLength, sha256: sha256Hex(bytes) };
}

function describePlace(place: RawPlace) {
  if (place.route !== "range") return { route: place.route, session: place.date };
  return { route: place.route, ticker: place.ticker, from: place.date, to: place.to };
}

/** Reads a landed answer back as it was answered. An object that is not what landed is a PermanentError naming its key. */
export async function readRaw(
  store: ObjectStore,
  entry: Pick<LandedObject, "key" | "sha256" | "rawSha256">,
  options: { signal?: AbortSignal } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await store.get(entry.key, options);
  if (sha256Hex(bytes) !== entry.sha256) throw damaged(store.uri(entry.key), "its SHA-256 is not the manifest's");
  const raw = gunzip(bytes);
  if (raw === undefined) throw damaged(store.uri(entry.key), "it is no gzip file");
  if (sha256Hex(raw) !== entry.rawSha256)
    throw damaged(store.uri(entry.key), "it unpacks to other bytes than were answered");
  return raw;
}

/** Stores the manifest under its run's key, which it returns. A retried run replaces its own manifest. */
export async function writeManifest(store: ObjectStore, manifest: Manifest): Promise<string> {
  const key = manifestKey({ job: manifest.job, session: manifest.sessions.from, runId: manifest.runId });
  const text = `${JSON.stringify(checked(manifestSchema, manifest, key), null, 2)}\n`;
  await store.put(key, new TextEncoder().encode(text), { contentType: "application/json" });
  return key;
}

/** Reads a manifest and checks its shape; what is none is a PermanentError that names the key and the first fault. */
export async function readManifest(store: ObjectStore, key: string): Promise<Manifest> {
  const text = new TextDecoder().decode(await store.get(key));
  const parsed = manifestSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw damaged(store.uri(key), `as a manifest: ${issue?.path.join(".") || "it"}: ${issue?.message ?? "is malformed"}`);
}

/** A fault in what a caller hands over is ours, and no retry mends it. */
function checked<T>(schema: z.ZodType<T>, value: unknown, key: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new PermanentError(`What was to be recorded of ${key} is malformed: ${z.prettifyError(parsed.error)}.`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function gunzip(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Bun.gunzipSync(bytes);
  } catch {
    return undefined;
  }
}

function damaged(uri: string, reason: string): PermanentError {
  return new PermanentError(`The lake object ${uri} is damaged: ${reason}.`, {
    advice: "Fetch its session again with a backfill that reprocesses all.",
  });
}
