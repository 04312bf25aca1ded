import { z } from "zod";
import type { ZodOpenApiOperationObject } from "zod-openapi";
import { check } from "../check.ts";
import { errorAnswer, oneOf } from "../schemas.ts";
import { type AnswerFormat, answerFormats, mediaTypes, tableFormats } from "./formats.ts";

const formatQuery = z.strictObject({ format: oneOf(answerFormats).optional() });

/** Takes `format` out of the query of a call that answers tables; the rest is the call's own. */
export function takeFormat(query: Record<string, string>): { format: AnswerFormat | undefined; rest: typeof query } {
  const { format, ...rest } = query;
  return { format: check(formatQuery, format === undefined ? {} : { format }).format, rest };
}

/** How the document tells of the formats of a table, and of asking again for what is held already. */
export const formatParameter: NonNullable<ZodOpenApiOperationObject["parameters"]>[number] = {
  name: "format",
  in: "query",
  description: "Goes before `Accept`, which asks for the same by its media types.",
  schema: { type: "string", enum: [...answerFormats], default: "json" },
};

export const conditionParameter: typeof formatParameter = {
  name: "If-None-Match",
  in: "header",
  description: "The `ETag` of an answer that is held: a 304 without a body says that it is still good.",
  schema: { type: "string" },
};

/** The answers of a table in other formats than JSON. */
export const tableContent = Object.fromEntries(
  tableFormats.map((format) => [
    mediaTypes[format].type,
    { schema: { type: "string" as const, ...(["parquet", "xlsx"].includes(format) && { format: "binary" }) } },
  ]),
);

export const notAcceptable = {
  description: "`not_acceptable`: `Accept` names no format that there is.",
  content: { "application/json": { schema: errorAnswer } },
};

export const notModified = { description: "What is held, by `If-None-Match`, is still what would be answered." };
