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
