import { join } from "node:path";
import type { LakeOptions } from "../../jobs/lake/open.ts";

/** Says how far it is, a line each time. */
export type Tell = (line: string) => void;

const megabyte = 1_000_000;

/** A size in bytes, as people read it. */
export function inBytes(size: number): string {
  if (size < 1000) return `${size} bytes`;
  if (size < megabyte) return `${(size / 1000).toFixed(1)} kB`;
  return `${(size / megabyte).toFixed(1)} MB`;
}

/** Where a lake is, for people who copy it. */
export function placeOf(lake: LakeOptions): string {
  if (lake.kind === "folder") return join(lake.root, lake.bucket);
  return `the bucket ${lake.bucket}${lake.endpoint === undefined ? "" : ` at ${lake.endpoint}`}`;
}
