import { z } from "zod";

const backupTable = z.object({
  schema: z.string(),
  name: z.string(),
  /** The columns that hold values of their own, as a list for COPY. */
  columns: z.string(),
  /** What makes the table where no migration does, and its constraints, indexes and comments, to run after its rows have come. */
  create: z.string(),
  finish: z.array(z.string()),
});

const backupView = z.object({ name: z.string(), statements: z.array(z.string()) });

/** What a backup says of itself, before its parts. */
export const backupHeader = z.object({
  format: z.literal("barline backup 1"),
  /** The version of Barline that wrote it, and when. */
  version: z.string(),
  writtenAt: z.string(),
  /** How many migrations the database had, and when the last of them was made, as the journal says. */
  migrations: z.object({ count: z.number().int().min(1), newest: z.number() }),
  /** In an order in which rows refer to earlier ones. */
  tables: z.array(backupTable),
  /** In no order: a view may read another one. */
  views: z.array(backupView),
  /** The last number that each gave out; of those that gave out one. */
  sequences: z.array(z.object({ schema: z.string(), name: z.string(), value: z.string() })),
  /** Where the raw answers are, and whether they are in this file too. */
  lake: z.object({ place: z.string(), included: z.boolean() }),
});

export type BackupHeader = z.infer<typeof backupHeader>;
export type BackupTable = z.infer<typeof backupTable>;
export type BackupView = z.infer<typeof backupView>;
