import { join, resolve } from "node:path";
import type { LakeOptions } from "../jobs/lake/open.ts";
import type { Config } from "./config.ts";

/** Where the configuration has the lake. */
export function lakeOf({ s3, bucket, dataDir, proxies }: Config): LakeOptions {
  if (s3 === null) return { kind: "folder", root: join(resolve(dataDir), "lake"), bucket };
  const { endpoint, region, accessKeyId, secretAccessKey, sessionToken } = s3;
  return {
    kind: "s3",
    bucket,
    region,
    proxies,
    ...(endpoint !== null && { endpoint }),
    ...(accessKeyId !== null && { accessKeyId }),
    ...(secretAccessKey !== null && { secretAccessKey }),
    ...(sessionToken !== null && { sessionToken }),
  };
}
