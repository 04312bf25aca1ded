import { parseAccept } from "hono/utils/accept";
import { HttpError } from "../errors.ts";

/** The formats in which a table is saved. JSON is what the API answers of itself. */
export const tableFormats = ["csv", "ndjson", "parquet", "xlsx"] as const;
export type TableFormat = (typeof tableFormats)[number];
export type AnswerFormat = TableFormat | "json";

export const answerFormats: readonly AnswerFormat[] = ["json", ...tableFormats];

/** As an answer names its own type, and the other names by which it may be asked for. */
export const mediaTypes: Record<AnswerFormat, { type: string; aliases: readonly string[] }> = {
  json: { type: "application/json", aliases: [] },
  csv: { type: "text/csv", aliases: ["application/csv"] },
  ndjson: { type: "application/x-ndjson", aliases: ["application/ndjson", "application/jsonl"] },
  parquet: { type: "application/vnd.apache.parquet", aliases: ["application/x-parquet", "application/parquet"] },
  xlsx: {
    type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    aliases: ["application/vnd.ms-excel"],
  },
};

type Range = { type: string; q: number };

/** How much a type is wanted: by the most exact of the ranges that take it, as RFC 9110 has it. */
function qualityOf(type: string, ranges: readonly Range[]): number {
  const [main] = type.split("/");
  for (const wanted of [type, `${main}/*`, "*/*"]) {
    const found = ranges.find((range) => range.type.toLowerCase() === wanted);
    if (found) return found.q;
  }
  return 0;
}

/** The format that an `Accept` wants most; the first of `formats` where it is left out, or says nothing of them. A 406 lists what there is. */
export function formatWanted(accept: string | undefined, formats: readonly AnswerFormat[]): AnswerFormat {
  const ranges = parseAccept(accept ?? "*/*");
  const wanted = formats.map((format) => {
    const { type, aliases } = mediaTypes[format];
    const named = aliases.filter((alias) => ranges.some((range) => range.type.toLowerCase() === alias));
    return { format, quality: Math.max(...[type, ...named].map((one) => qualityOf(one, ranges))) };
  });
  const best = wanted.reduce((one, other) => (other.quality > one.quality ? other : one));
  if (best.quality > 0) return best.format;
  const list = formats.map((format) => `${mediaTypes[format].type} (${format})`).join(", ");
  throw new HttpError(406, "not_acceptable", `\`Accept\` has to name, or \`format\` be, one of: ${list}.`, {
    field: "Accept",
  });
}
