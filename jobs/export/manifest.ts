import { z } from "zod";
import type { ObjectStore } from "../lake/store.ts";
import { PermanentError } from "../orchestrator/errors.ts";

/** Everything that is exported lies below it, and all of it can be made again from the database. */
export const MARTS = "marts";
const currentKey = `${MARTS}/_current.json`;
const retiredKey = `${MARTS}/_retired.json`;
const tableKey = (table: string) => `${MARTS}/${table}/_current.json`;

/** How long a file stays after the build that it was of: who has read a list of files has so long to read them. */
export const retiredHours = 24;

const columnType = z.union([
  z.object({ kind: z.enum(["text", "date", "timestamp", "bigint", "boolean", "double"]) }),
  z.object({ kind: z.literal("decimal"), precision: z.number(), scale: z.number() }),
]);
const file = z.object({ key: z.string(), rows: z.number(), bytes: z.number(), sha256: z.string() });
const partition = z.object({
  /** Null where the table is one. */
  year: z.number().nullable(),
  rows: z.number(),
  bytes: z.number(),
  files: z.array(file),
  /** Another where a row of it was written or removed since; null where that is told by its bytes alone. */
  version: z.string().nullable(),
});
const tableManifest = z.object({
  table: z.string(),
  description: z.string(),
  rows: z.number(),
  bytes: z.number(),
  schema: z.array(z.object({ name: z.string(), type: z.string(), is: columnType, description: z.string() })),
  partitions: z.array(partition),
});
const manifest = z.object({
  format: z.literal("barline export 1"),
  build: z.string(),
  /** When the one snapshot was taken that all tables were read from. */
  readAt: z.string(),
  publishedAt: z.string(),
  tables: z.record(z.string(), tableManifest),
});
const retired = z.object({ files: z.array(z.object({ key: z.string(), retiredAt: z.string() })) });

export type ExportFile = z.infer<typeof file>;
export type ExportPartition = z.infer<typeof partition>;
export type TableManifest = z.infer<typeof tableManifest>;
/** One build, whole: `marts/_current.json`. Each table's own `_current.json` says its part, and which build it is of. */
export type ExportManifest = z.infer<typeof manifest>;
export type NewManifest = Omit<ExportManifest, "publishedAt">;
export const newManifest = manifest.omit({ publishedAt: true });

type Retired = z.infer<typeof retired>["files"];

/** The build that readers see; undefined before the first. */
export async function readCurrent(lake: ObjectStore): Promise<ExportManifest | undefined> {
  return await readJson(lake, currentKey, manifest);
}

const filesOf = (tables: Record<string, TableManifest>): Set<string> =>
  new Set(
    Object.values(tables).flatMap(({ partitions }) => partitions.flatMap(({ files }) => files.map(({ key }) => key))),
  );

/**
 * Makes a build the one that readers see, in one step: the list of all tables is replaced, and then each table's own. What it no longer
 * needs is noted first, so that nothing is forgotten by a process that dies between. Doing it again does no harm.
 */
export async function publishManifest(lake: ObjectStore, made: NewManifest, now: Date): Promise<ExportManifest> {
  const before = await readCurrent(lake);
  const published: ExportManifest = {
    ...made,
    publishedAt: before?.build === made.build ? before.publishedAt : now.toISOString(),
  };
  const needed = filesOf(made.tables);
  const noted = (await readJson(lake, retiredKey, retired))?.files ?? [];
  const known = new Set(noted.map(({ key }) => key));
  const superseded = [...filesOf(before?.tables ?? {})].filter((key) => !needed.has(key) && !known.has(key));
  const retiredAt = now.toISOString();
  const files = [...noted.filter(({ key }) => !needed.has(key)), ...superseded.map((key) => ({ key, retiredAt }))];
  await putJson(lake, retiredKey, { files });
  await putJson(lake, currentKey, published);
  for (const [table, said] of Object.entries(made.tables)) {
    const { build, readAt, publishedAt } = published;
    await putJson(lake, tableKey(table), { format: published.format, build, readAt, publishedAt, ...said });
  }
  return published;
}

/**
 * Removes files whose time is over, and what killed tries have left: whoever calls makes sure that no try is under way. Answers how many went.
 */
export async function removeUnneeded(lake: ObjectStore, now: Date): Promise<number> {
  const current = await readCurrent(lake);
  if (!current) return 0;
  const needed = filesOf(current.tables);
  const noted = (await readJson(lake, retiredKey, retired))?.files ?? [];
  const young = new Set(noted.filter(({ retiredAt }) => !isOver(retiredAt, now)).map(({ key }) => key));
  let removed = 0;
  for await (const { key } of lake.list(`${MARTS}/`)) {
    const isFile = key.endsWith(".parquet");
    const isTable = Object.keys(current.tables).some((table) => key === tableKey(table));
    if (needed.has(key) || young.has(key) || isTable || key === currentKey || key === retiredKey) continue;
    if (!isFile && !key.endsWith("/_current.json")) continue;
    await lake.delete(key);
    removed += 1;
  }
  await putJson(lake, retiredKey, { files: noted.filter(({ key }) => young.has(key) && !needed.has(key)) });
  return removed;
}

/** Removes files whose time is over, and nothing else: it does not mind an export that is under way. Answers what went. */
export async function removeRetired(
  lake: ObjectStore,
  now: Date,
  signal: AbortSignal,
): Promise<{ objects: number; bytes: number }> {
  const removed = { objects: 0, bytes: 0 };
  const noted: Retired = (await readJson(lake, retiredKey, retired))?.files ?? [];
  if (noted.length === 0) return removed;
  const needed = filesOf((await readCurrent(lake))?.tables ?? {});
  for (const { key, retiredAt } of noted) {
    if (signal.aborted) break;
    if (needed.has(key) || !isOver(retiredAt, now)) continue;
    const found = await lake.head(key);
    if (!found) continue;
    await lake.delete(key);
    removed.objects += 1;
    removed.bytes += found.size;
  }
  return removed;
}

const isOver = (retiredAt: string, now: Date) =>
  now.getTime() - new Date(retiredAt).getTime() >= retiredHours * 3_600_000;

async function readJson<T>(lake: ObjectStore, key: string, schema: z.ZodType<T>): Promise<T | undefined> {
  if (!(await lake.head(key))) return undefined;
  const text = new TextDecoder().decode(await lake.get(key));
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new PermanentError(`${lake.uri(key)} is not what an export wrote.`, {
      cause: error,
      advice: "Remove it, and run the export again: it writes everything anew.",
    });
  }
}

async function putJson(lake: ObjectStore, key: string, value: unknown): Promise<void> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
  await lake.put(key, bytes, { contentType: "application/json" });
}
