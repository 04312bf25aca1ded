import { fileURLToPath } from "node:url";
import { z } from "zod";

/** What is measured, in bytes or in seconds of processors: Barline's and its server's together. */
export const costNames = [
  // Tables with their indexes, and what is beside them on the disk.
  ...(["raw", "windows", "monthEnds", "latest", "lists", "state", "lake", "exported"] as const),
  // Written to the write-ahead log, and to temporary files by a full build.
  ...(["loadLog", "buildLog", "nextLog", "temporary"] as const),
  // The way in: all sessions of the size at once, then one more.
  ...(["ingest", "load", "build", "nextIngest", "nextLoad", "nextBuild", "export"] as const),
  // One page or answer.
  ...(["chart", "screener", "backtest"] as const),
] as const;
export type CostName = (typeof costNames)[number];
export type Costs = Record<CostName, number>;

const sizeShape = z.strictObject({
  tickers: z.number(),
  sessions: z.number(),
  costs: z.record(z.enum(costNames), z.number().nonnegative()),
  /** Of the full build: seconds of the clock, and the most memory that each had; null where the system does not tell. */
  build: z.strictObject({
    seconds: z.number(),
    barlinePeak: z.number().nullable(),
    postgresPeak: z.number().nullable(),
  }),
});
/** What one market of some years cost. */
export type SizeFigures = z.infer<typeof sizeShape>;

const figuresShape = z.strictObject({
  machine: z.strictObject({ cpus: z.number(), memoryBytes: z.number(), runtime: z.string() }),
  sizes: z.array(sizeShape).min(1),
});
/** All that the simulation is fed with. */
export type CapacityFigures = z.infer<typeof figuresShape>;

/** Where the figures stand that CAPACITY.md is made of. */
const recordedFile = fileURLToPath(new URL("recorded.json", import.meta.url));

/** Reads the recorded figures. Throws where they are of another shape. */
export async function readRecorded(): Promise<CapacityFigures> {
  return figuresShape.parse(await Bun.file(recordedFile).json());
}

/** Keeps figures as those that CAPACITY.md is made of. */
export async function writeRecorded(figures: CapacityFigures): Promise<void> {
  await Bun.write(recordedFile, `${JSON.stringify(figures, null, 2)}\n`);
}
