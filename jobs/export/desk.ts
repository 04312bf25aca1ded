import type { ObjectStore } from "../lake/store.ts";
import { type Actor, RequestError } from "../orchestrator/types.ts";
import { type ExportManifest, MARTS, readCurrent } from "./manifest.ts";
import type { ExportModes, ExportStanding } from "./mode.ts";

/** What people ask about the export. */
export type ExportDesk = {
  /** Where its files are, for other programs. */
  place: string;
  standing(): Promise<ExportStanding>;
  /** Throws as {@link ExportModes} does. What is published is exported soon after it is turned on. */
  change(mode: string, by: Actor): Promise<void>;
  /** The build that readers see; undefined before the first. */
  current(): Promise<ExportManifest | undefined>;
  /** A file that the current build lists, or a list itself; a RequestError says that there is none of this name. */
  file(key: string): Promise<Uint8Array<ArrayBuffer>>;
};

export function createExportDesk(options: {
  lake: ObjectStore;
  modes: ExportModes;
  subscribe(): Promise<void>;
}): ExportDesk {
  const { lake, modes } = options;
  const current = () => readCurrent(lake);
  return {
    place: lake.uri(`${MARTS}/`),
    standing: modes.read,
    async change(mode, by) {
      await modes.change(mode, by);
      await options.subscribe();
    },
    current,
    async file(key) {
      if (isKnown(await current(), key) && (await lake.head(key))) return await lake.get(key);
      throw new RequestError("not_found", `The current build has no file ${key}.`, "key");
    },
  };
}

function isKnown(build: ExportManifest | undefined, key: string): boolean {
  if (!build) return false;
  if (key === `${MARTS}/_current.json`) return true;
  return Object.values(build.tables).some(
    ({ table, partitions }) =>
      key === `${MARTS}/${table}/_current.json` ||
      partitions.some(({ files }) => files.some((file) => file.key === key)),
  );
}
