import { RetryableError } from "../orchestrator/errors.ts";
import { createFolderStore } from "./folder.ts";
import { createS3Store } from "./s3.ts";
import type { S3StoreOptions } from "./s3-connection.ts";
import type { ObjectStore } from "./store.ts";

/** Which lake to use; plain data, so that it crosses to a Bun worker as it is. */
export type LakeOptions = { kind: "folder"; root: string; bucket: string } | ({ kind: "s3" } & S3StoreOptions);

/** Opens the lake that the options describe. Nothing is read or created before `ensureReady`. */
export function openLake(options: LakeOptions): ObjectStore {
  switch (options.kind) {
    case "folder":
      return createFolderStore(options);
    case "s3":
      return createS3Store(options);
  }
}

/** Makes the lake ready to be used. Answers an outage instead of throwing it: runs wait for the lake, and the first write makes up for this. */
export async function prepareLake(lake: ObjectStore): Promise<RetryableError | undefined> {
  try {
    await lake.ensureReady();
    return undefined;
  } catch (error) {
    if (error instanceof RetryableError && error.outage) return error;
    throw error;
  }
}
