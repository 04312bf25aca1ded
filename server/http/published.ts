import { type BuildParts, selectBuild } from "../../db/queries/pipeline/publications.ts";
import { barsDataset } from "../../jobs/load-job.ts";
import { version } from "../../package.json";
import type { AppContext } from "../context.ts";

/** What an answer is made of beside the marts: the people's own models, bars as the vendor stated them, who is in quarantine. */
export type PublishedParts = { workspace?: boolean; rawBars?: boolean; quarantine?: boolean };

/** What is published now: equal texts mean equal answers of market data. */
export function readBuild({ read }: Pick<AppContext, "read">, parts: PublishedParts = {}): Promise<string> {
  const { workspace = false, rawBars = false, quarantine = false } = parts;
  const asked: BuildParts = { workspace, rawBars: rawBars ? barsDataset : null, quarantine };
  return selectBuild(read, asked);
}

/**
 * The tag of an answer about this build, by this version of Barline. A weak one: compressed or not, it says the same rows, in the same order,
 * but not the same bytes.
 */
export const entityTag = (build: string, format: string): string => `W/"${version}-${build}-${format}"`;

const withoutWeakness = (tag: string) => tag.trim().replace(/^W\//, "");

/** Whether who asks has the answer of this tag already, by `If-None-Match`. */
export const isHeld = (condition: string | undefined, tag: string): boolean =>
  condition !== undefined &&
  (condition.trim() === "*" || condition.split(",").some((held) => withoutWeakness(held) === withoutWeakness(tag)));
