import { CancelledError, PermanentError } from "../orchestrator/errors.ts";

/** What a store says of an object it holds: its key, and its stored (compressed) size in bytes. */
export type ObjectSummary = { key: string; size: number };

/** How an object is described to a server; a folder keeps none of it. `signal` gives a write up before it is visible. */
export type PutOptions = {
  contentType?: string;
  contentEncoding?: string;
  metadata?: Record<string, string>;
  signal?: AbortSignal;
};

/**
 * The lake: named blobs in one bucket, on an S3 server or in a folder; both pass the same contract tests.
 * Every method throws RetryableError for what may pass (network, throttling, full disk, lost bucket), PermanentError with
 * advice for what needs a person (credentials, bad key, missing object) and CancelledError for an aborted signal.
 */
export type ObjectStore = {
  /** Stores the bytes under the key, whole or not at all. Creates the bucket again, once, where it has vanished. */
  put(key: string, bytes: Uint8Array, options?: PutOptions): Promise<{ size: number; sha256: string }>;
  /** The bytes as they were stored. A missing object is a PermanentError that names the key. */
  get(key: string, options?: { signal?: AbortSignal }): Promise<Uint8Array<ArrayBuffer>>;
  /** The stored size in bytes, or undefined where there is no such object (or no bucket). */
  head(key: string): Promise<{ size: number } | undefined>;
  /** The objects whose key starts with the prefix ("" for all), in byte order of their keys. */
  list(prefix: string): AsyncIterable<ObjectSummary>;
  /** Removes the object; removing what is not there is no error. */
  delete(key: string): Promise<void>;
  /** Creates the bucket or folder where absent. Safe to call again, and from several processes at once. */
  ensureReady(): Promise<void>;
  /** `s3://bucket/key` for every kind of store: dataset names must not change when the store does. */
  uri(key: string): string;
  /** Lets go of connections. */
  close(): Promise<void>;
};

/** Unfinished writes of the folder store bear this prefix; no key may, or it could not be told from one. */
export const TEMPORARY_PREFIX = ".tmp-";

/** S3's own limit on a key, and the limit of the common file systems on one name, both in UTF-8 bytes. */
const MAXIMUM_KEY_BYTES = 1024;
const MAXIMUM_SEGMENT_BYTES = 255;

/**
 * Refuses (PermanentError) a key that one of the stores could not hold faithfully or that could leave the bucket.
 * One rule for both stores, so that a lake can move from a folder to S3 and back.
 */
export function checkKey(key: string): void {
  const fault = keyFault(key);
  if (fault === undefined) return;
  throw new PermanentError(`The lake refuses the key ${JSON.stringify(key)}: ${fault}.`, {
    advice: "Keys are relative, '/'-separated names as jobs/lake/layout.ts makes them.",
  });
}

function keyFault(key: string): string | undefined {
  if (key === "") return "it is empty";
  if (!key.isWellFormed()) return "it is not well-formed Unicode";
  if (key.includes("\\")) return "it contains a backslash";
  if (/\p{Cc}/u.test(key)) return "it contains a control character";
  if (Buffer.byteLength(key) > MAXIMUM_KEY_BYTES) return `it is longer than ${MAXIMUM_KEY_BYTES} bytes`;
  for (const segment of key.split("/")) {
    if (segment === "") return "it has an empty segment";
    if (segment === "." || segment === "..") return `it has a '${segment}' segment`;
    if (segment.startsWith(TEMPORARY_PREFIX)) return `a segment starts with '${TEMPORARY_PREFIX}'`;
    if (Buffer.byteLength(segment) > MAXIMUM_SEGMENT_BYTES)
      return `a segment is longer than ${MAXIMUM_SEGMENT_BYTES} bytes`;
  }
  return undefined;
}

/** The error both stores throw for an object that is not there. */
export function missingObject(uri: string): PermanentError {
  return new PermanentError(`The lake has no object ${uri}.`, {
    advice: "It was deleted after it landed. Run the session again with a backfill that reprocesses all.",
  });
}

/** Throws CancelledError where the signal says that nobody waits for the work any more. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CancelledError("The lake operation was cancelled.");
}

/** SHA-256 of the bytes, in lower-case hex. */
export function sha256Hex(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}
