import { MARTS } from "../../jobs/export/manifest.ts";
import { MANIFESTS } from "../../jobs/lake/layout.ts";
import { readManifest, readRaw } from "../../jobs/lake/manifest.ts";
import type { ObjectStore } from "../../jobs/lake/store.ts";

/** What a lake holds, as far as it does not depend on which run fetched it, when, or how often. */
export type LakeContents = {
  /** By folder, hashes of the different answers in it, each without the request's id that the vendor adds to it. */
  answers: Record<string, string[]>;
  /** By session, the hashes of the answers that each of its manifests lists. */
  sessions: Record<string, string[]>;
};

/** Reads the whole lake but its exports, which are made of the database. Throws where an object is damaged, or a manifest lists what is not there. */
export async function lakeContents(lake: ObjectStore): Promise<LakeContents> {
  const answers = new Map<string, Set<string>>();
  const sessions = new Map<string, Set<string>>();
  for await (const { key } of lake.list("")) {
    if (key.startsWith(`${MANIFESTS}/`)) {
      const manifest = await readManifest(lake, key);
      const listed: string[] = [];
      for (const object of manifest.objects) listed.push(hashOf(await readRaw(lake, object)));
      add(sessions, manifest.sessions.from, listed.sort().join(" "));
    } else if (!key.startsWith(`${MARTS}/`)) {
      const body = Bun.gunzipSync(await lake.get(key));
      if (!key.endsWith(`${Bun.SHA256.hash(body, "hex").slice(0, 12)}.json.gz`)) throw new Error(`${key} is damaged.`);
      add(answers, key.slice(0, key.lastIndexOf("/")), hashOf(body));
    }
  }
  return { answers: sorted(answers), sessions: sorted(sessions) };
}

function hashOf(body: Uint8Array): string {
  const { request_id: _, ...answer } = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;
  return Bun.SHA256.hash(JSON.stringify(answer), "hex");
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  map.set(key, (map.get(key) ?? new Set()).add(value));
}

const sorted = (map: Map<string, Set<string>>) =>
  Object.fromEntries([...map].sort().map(([key, values]) => [key, [...values].sort()]));
