import type { ListObjectsV2CommandInput, ListObjectsV2CommandOutput, PutObjectCommandInput } from "@aws-sdk/client-s3";
import { RetryableError } from "../orchestrator/errors.ts";
import { connectS3, type S3Connection, type S3StoreOptions } from "./s3-connection.ts";
import { isBucketMissing, s3Fault } from "./s3-errors.ts";
import { checkKey, missingObject, type ObjectStore, type ObjectSummary, type PutOptions, sha256Hex } from "./store.ts";

/** Beside all that is read, should a process be killed between writing and deleting it. */
const TRIAL_KEY = "barline-trial";
const TRIAL = new TextEncoder().encode("May Barline write here?");

/** A lake on an S3 server. The SDK is loaded at the first operation: a process with a folder lake never pays for it. */
export function createS3Store(options: S3StoreOptions): ObjectStore {
  const { bucket } = options;
  const connection = connectS3(options);
  const uri = (key: string) => `s3://${bucket}/${key}`;

  return {
    put: (key, bytes, settings = {}) => putObject(connection, bucket, key, bytes, settings),
    get: (key, { signal } = {}) => getObject(connection, bucket, key, signal),
    head: (key) => headObject(connection, bucket, key),
    list: (prefix) => listObjects(connection, bucket, prefix),
    delete: async (key) => {
      checkKey(key);
      await connection.send(`delete ${uri(key)}`, ({ client, sdk, http }) =>
        client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: key }), http),
      );
    },
    ensureReady: () => ensureBucket(connection, bucket),
    uri,
    close: connection.close,
  };
}

async function putObject(
  { send, attempt, explain }: S3Connection,
  bucket: string,
  key: string,
  bytes: Uint8Array,
  { contentType, contentEncoding, metadata, signal }: PutOptions,
): Promise<{ size: number; sha256: string }> {
  checkKey(key);
  const input: PutObjectCommandInput = { Bucket: bucket, Key: key, Body: bytes };
  if (contentType !== undefined) input.ContentType = contentType;
  if (contentEncoding !== undefined) input.ContentEncoding = contentEncoding;
  if (metadata !== undefined) input.Metadata = metadata;
  const action = `write s3://${bucket}/${key}`;
  try {
    await attempt(({ client, sdk, http }) => client.send(new sdk.PutObjectCommand(input), http), signal);
  } catch (error) {
    if (!isBucketMissing(error)) throw explain(error, action, signal);
    // The bucket vanished while we ran. Once: if it vanishes again, somebody means it, and the task's retries take over.
    await ensureBucket({ send, attempt, explain }, bucket);
    await send(action, ({ client, sdk, http }) => client.send(new sdk.PutObjectCommand(input), http), signal);
  }
  return { size: bytes.byteLength, sha256: sha256Hex(bytes) };
}

async function getObject(
  { attempt, explain }: Pick<S3Connection, "attempt" | "explain">,
  bucket: string,
  key: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  checkKey(key);
  const uri = `s3://${bucket}/${key}`;
  try {
    return await attempt(async ({ client, sdk, http }) => {
      const answer = await client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: key }), http);
      const bytes = new Uint8Array((await answer.Body?.transformToByteArray()) ?? []);
      if (answer.ContentLength === undefined || answer.ContentLength === bytes.byteLength) return bytes;
      throw new RetryableError(
        `The S3 server cut ${uri} off: ${bytes.byteLength} of ${answer.ContentLength} bytes came.`,
      );
    }, signal);
  } catch (error) {
    if (s3Fault(error).name === "NoSuchKey") throw missingObject(uri);
    throw explain(error, `read ${uri}`, signal);
  }
}

async function headObject(
  { attempt, explain }: Pick<S3Connection, "attempt" | "explain">,
  bucket: string,
  key: string,
): Promise<{ size: number } | undefined> {
  checkKey(key);
  try {
    const answer = await attempt(({ client, sdk, http }) =>
      client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: key }), http),
    );
    return { size: answer.ContentLength ?? 0 };
  } catch (error) {
    // An answer to HEAD has no body, so a missing object and a missing bucket look the same.
    if (s3Fault(error).status === 404) return undefined;
    if (s3Fault(error).status === 403 && (await isHidden({ attempt }, bucket, key))) return undefined;
    throw explain(error, `look up s3://${bucket}/${key}`);
  }
}

/**
 * To those who may get objects but not list them, S3 says of a missing object that it is forbidden; that looks the same as wrong keys
 * until a GET, whose answer has a body, says which. Whoever may not read at all learns it from the next get or put.
 */
async function isHidden({ attempt }: Pick<S3Connection, "attempt">, bucket: string, key: string): Promise<boolean> {
  const firstByte = { Bucket: bucket, Key: key, Range: "bytes=0-0" };
  try {
    await attempt(({ client, sdk, http }) => client.send(new sdk.GetObjectCommand(firstByte), http));
    return false;
  } catch (error) {
    return s3Fault(error).name === "AccessDenied";
  }
}

async function* listObjects(
  { send }: Pick<S3Connection, "send">,
  bucket: string,
  prefix: string,
): AsyncGenerator<ObjectSummary> {
  const page: ListObjectsV2CommandInput = { Bucket: bucket, Prefix: prefix };
  do {
    const answer: ListObjectsV2CommandOutput = await send(`list s3://${bucket}/${prefix}`, ({ client, sdk, http }) =>
      client.send(new sdk.ListObjectsV2Command(page), http),
    );
    for (const { Key: key, Size: size } of answer.Contents ?? []) if (key !== undefined) yield { key, size: size ?? 0 };
    page.ContinuationToken = answer.NextContinuationToken;
  } while (page.ContinuationToken !== undefined);
}

/** Creates the bucket where there is none. Processes that race for it all succeed: the loser finds the winner's. */
async function ensureBucket({ send, attempt, explain }: Omit<S3Connection, "close">, bucket: string): Promise<void> {
  const look = `look up the bucket ${bucket}`;
  try {
    await attempt(({ client, sdk, http }) => client.send(new sdk.HeadBucketCommand({ Bucket: bucket }), http));
    return;
  } catch (error) {
    const { status } = s3Fault(error);
    // Looking at the bucket takes the right to list it, which nothing but the lake's size on the pages needs.
    if (status === 403) return await tryObject({ send }, bucket);
    if (status !== 404) throw explain(error, look);
  }
  try {
    await attempt(({ client, sdk, http }) => client.send(new sdk.CreateBucketCommand({ Bucket: bucket }), http));
  } catch (error) {
    const { name } = s3Fault(error);
    if (name === "BucketAlreadyOwnedByYou") return;
    if (name !== "BucketAlreadyExists") throw explain(error, `create the bucket ${bucket}`);
    // Some servers say this of our own bucket too; whether we may use it is what counts.
    await send(look, ({ client, sdk, http }) => client.send(new sdk.HeadBucketCommand({ Bucket: bucket }), http));
  }
}

/** Puts an object and deletes it again: the answers say whether the bucket is there and the keys are good. */
async function tryObject({ send }: Pick<S3Connection, "send">, bucket: string): Promise<void> {
  const place = { Bucket: bucket, Key: TRIAL_KEY };
  await send(`write s3://${bucket}/${TRIAL_KEY}`, ({ client, sdk, http }) =>
    client.send(new sdk.PutObjectCommand({ ...place, Body: TRIAL }), http),
  );
  await send(`delete s3://${bucket}/${TRIAL_KEY}`, ({ client, sdk, http }) =>
    client.send(new sdk.DeleteObjectCommand(place), http),
  );
}
