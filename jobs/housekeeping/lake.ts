import type { Sql } from "../../db/client.ts";
import {
  isStillRemovable,
  type Landing,
  type LandingFilter,
  markRawRemoved,
  selectManifestsBeside,
  selectOldLandings,
} from "../../db/queries/operations/remove-landings.ts";
import { lockJob } from "../../db/queries/pipeline/runs.ts";
import { type LandedObject, readManifest } from "../lake/manifest.ts";
import type { ObjectStore } from "../lake/store.ts";
import type { LakeSize } from "./types.ts";

const landingsAtATime = 100;
/** Objects removed while the job waits: a second at the most, also over a slow line. */
const objectsAtATime = 50;

export type LakeWalk = {
  sql: Sql;
  lake: ObjectStore;
  filter: LandingFilter;
  now(): Date;
  signal: AbortSignal;
  /** Called after each landing, or part of one. */
  removed(objects: number, bytes: number): Promise<void>;
};

/** Removes landings that may go: their objects first and the manifest last, so that a killed walk finds it again. */
export async function removeOldLandings(walk: LakeWalk): Promise<void> {
  let after = 0;
  while (!walk.signal.aborted) {
    const landings = await selectOldLandings(walk.sql, walk.filter, after, landingsAtATime);
    for (const landing of landings) {
      if (walk.signal.aborted) return;
      await removeLanding(walk, landing);
    }
    const last = landings.at(-1);
    if (!last) return;
    after = last.runId;
  }
}

async function removeLanding(walk: LakeWalk, landing: Landing): Promise<void> {
  const { sql, lake, filter } = walk;
  const objects = await objectsOf(lake, landing.manifest);
  for (let start = 0; objects && start < objects.length; start += objectsAtATime) {
    if (walk.signal.aborted) return;
    const part = objects.slice(start, start + objectsAtATime);
    const gone = (await sql.begin(async (transaction) => {
      await lockJob(transaction, filter.jobId);
      if (!(await isStillRemovable(transaction, filter, landing.runId))) return null;
      const shared = await keysBeside(lake, await selectManifestsBeside(transaction, landing.runId));
      const own = part.filter((object) => !shared.has(object.key));
      await Promise.all(own.map((object) => lake.delete(object.key)));
      return own;
    })) as LandedObject[] | null;
    if (!gone) return;
    await walk.removed(
      gone.length,
      gone.reduce((sum, object) => sum + object.size, 0),
    );
  }
  await lake.delete(landing.manifest);
  await markRawRemoved(sql, landing.runId, walk.now());
}

/** What a manifest lists; undefined where it is gone, as after a kill just before the mark. */
async function objectsOf(lake: ObjectStore, manifest: string): Promise<LandedObject[] | undefined> {
  if ((await lake.head(manifest)) === undefined) return undefined;
  return (await readManifest(lake, manifest)).objects;
}

async function keysBeside(lake: ObjectStore, manifests: string[]): Promise<Set<string>> {
  const lists = await Promise.all(manifests.map((manifest) => objectsOf(lake, manifest)));
  return new Set(lists.flatMap((objects) => objects?.map((object) => object.key) ?? []));
}

/** What lies in the lake, by the parts of it that people know. A server gives a thousand objects a call. */
export async function measureLake(lake: ObjectStore, signal: AbortSignal): Promise<LakeSize[] | null> {
  const sizes = new Map<string, LakeSize>();
  for await (const { key, size } of lake.list("")) {
    if (signal.aborted) return null;
    const prefix = prefixOf(key);
    const known = sizes.get(prefix) ?? { prefix, objects: 0, bytes: 0 };
    sizes.set(prefix, { prefix, objects: known.objects + 1, bytes: known.bytes + size });
  }
  return [...sizes.values()].sort((a, b) => b.bytes - a.bytes);
}

/** The folders before the first partition: `raw/stocks/daily` of `raw/stocks/daily/date=…/…`. */
function prefixOf(key: string): string {
  const folders = key.split("/").slice(0, -1);
  const partition = folders.findIndex((folder) => folder.includes("="));
  return (partition === -1 ? folders : folders.slice(0, partition)).join("/") || "/";
}
