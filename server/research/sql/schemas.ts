import { z } from "zod";
import { longestName } from "../../http/names.ts";
import { count, id, instant, numberInUrl, oneOf, somethingWritten } from "../../http/schemas.ts";
import { sqlLimits } from "./limits.ts";

const statement = z.string({ error: "has to be a text" }).meta({
  description: `One SELECT, WITH, VALUES, TABLE, or EXPLAIN of one; at most ${sqlLimits.longestText} characters.`,
  example: "select ticker, name from dim_tickers order by ticker limit 5",
  override: { minLength: 1, maxLength: sqlLimits.longestText },
});
const keyAllowed = "has to be 1 to 64 letters, digits, hyphens and underscores";
export const key = z
  .string({ error: keyAllowed })
  .regex(/^[\w-]{1,64}$/, { error: keyAllowed })
  .meta({ description: "What you call it, to cancel it by while it runs." });
const limitAllowed = `has to be a whole number from 1 to ${sqlLimits.rows}`;

export const sqlInput = z.strictObject({
  sql: statement,
  limit: z
    .int({ error: limitAllowed })
    .min(1, { error: limitAllowed })
    .max(sqlLimits.rows, { error: limitAllowed })
    .default(1000)
    .meta({ description: "Rows that are given; `cut` says whether there are more." }),
  purpose: oneOf(["rows", "plan", "analyze"])
    .default("rows")
    .meta({ description: "Its rows; how it would be run (EXPLAIN); or how it was (EXPLAIN ANALYZE)." }),
  key: key.optional(),
});

const columns = z.array(z.strictObject({ name: z.string(), type: z.string().meta({ example: "date" }) }));

export const sqlAnswer = z
  .strictObject({
    id: id.meta({ description: "Of the run in the history." }),
    columns,
    rows: z.array(z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]))).meta({
      description: "Numbers where JSON holds them exactly; everything else as PostgreSQL writes it.",
    }),
    cut: z
      .enum(["rows", "size"])
      .nullable()
      .meta({ description: "Why there are more rows than these: the limit, or their size. Null: these are all." }),
    hasCutValues: z
      .boolean()
      .meta({ description: `Whether a value of more than ${sqlLimits.widest} characters was cut, which “…” ends.` }),
    durationMs: count,
  })
  .meta({ id: "SqlResult" });

export const sqlRun = z
  .strictObject({
    id,
    sql: z.string(),
    purpose: z.enum(["rows", "csv", "plan", "analyze"]),
    state: z.enum(["running", "success", "failed", "cancelled", "lost"]),
    startedAt: instant,
    durationMs: count.nullable(),
    rows: count.nullable(),
    isCut: z.boolean(),
    error: z.string().nullable(),
    actor: z.string(),
  })
  .meta({ id: "SqlRun" });

const name = z.string({ error: `has to be a text of 1 to ${longestName} characters` }).meta({
  description: "Up to 100 characters; no two are alike.",
  override: { pattern: somethingWritten, maxLength: longestName },
});
const kept = z.string({ error: "has to be a text" }).meta({
  description: "It is not run before it is kept.",
  override: { pattern: somethingWritten, maxLength: sqlLimits.longestText },
});
export const savedInput = z.strictObject({ name, sql: kept });

export const savedQuery = z
  .strictObject({
    id,
    name: z.string(),
    sql: z.string(),
    createdAt: instant,
    createdBy: z.string(),
    updatedAt: instant,
    deletedAt: instant.nullable().meta({ description: "It is removed for good 30 days later." }),
  })
  .meta({ id: "SavedQuery" });

export const relation = z
  .strictObject({
    schema: z.string(),
    name: z.string(),
    kind: z.enum(["table", "view"]),
    description: z.string(),
    columns: z.array(z.strictObject({ name: z.string(), type: z.string(), description: z.string() })),
  })
  .meta({ id: "PublishedRelation" });

export const historyLimit = numberInUrl(1, 200)
  .default(50)
  .meta({ override: { default: 50 } });
