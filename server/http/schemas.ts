import { z } from "zod";
import "zod-openapi";
import { jobIds } from "../../jobs/pipeline.ts";
import { invisible } from "../../views/visible-text.ts";

/**
 * The words that requests and answers share. Every message completes "`field` …". Requests are strict, so that a misspelt field
 * is refused by name; answers are too, so that a test sees what is sent but not described.
 */

const text = (allowed: string) => z.string({ error: allowed });

/** A whole number in a path or query, where everything is text. */
export const numberInUrl = (minimum: number, maximum: number) => {
  const allowed = `has to be a whole number from ${minimum} to ${maximum}`;
  return text(allowed)
    .regex(/^\d{1,16}$/, { error: allowed })
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, { error: allowed })
    .meta({
      override: ({ jsonSchema }) => {
        delete jsonSchema.pattern;
        Object.assign(jsonSchema, { type: "integer", minimum, maximum });
      },
    });
};

/** `true` or `false` in a query. */
export const booleanInUrl = z
  .enum(["true", "false"], { error: "has to be true or false" })
  .transform((value) => value === "true")
  .meta({
    override: ({ jsonSchema }) => {
      delete jsonSchema.enum;
      jsonSchema.type = "boolean";
    },
  });

/** How many rows a list answers. The default is told twice, as one behind a conversion does not describe itself. */
export const limitInUrl = numberInUrl(1, 1000)
  .default(50)
  .meta({ override: { default: 50 } });

/** As people count them: a pair of surrogates is one, as it is to JSON Schema. */
const lengthOf = (value: string) => [...value].length;

/**
 * A text of so many characters that a pattern describes. Patterns are such as every engine reads alike: no flags, no classes
 * of Unicode.
 */
const patterned = (pattern: RegExp, [least, most]: [least: number, most: number], error: string) =>
  text(error)
    .regex(pattern, { error })
    .refine((value) => lengthOf(value) >= least && lengthOf(value) <= most, { error })
    .meta({ override: { minLength: least, maxLength: most } });

const controls = String.raw`\u0000-\u001f\u007f-\u009f`;
const withoutControls = new RegExp(`^[^${controls}]*$`);
/** As a pattern of the document, of texts whose spaces and control characters are taken away before they are kept. */
export const somethingWritten = `[^\\s${controls}]`;
const seen = new RegExp(`^[^${invisible}]*[^${invisible}\\s][^${invisible}]*$`);

/** A word or line that a person typed: something to be seen, of at most so many characters. */
export const lineInput = (longest: number) =>
  patterned(seen, [1, longest], `has to be 1 to ${longest} letters, digits and signs that can be seen`);

/** A text in a query or path, without the control characters that no name of ours has. */
export const textInUrl = (least: number, longest: number, allowed: string) =>
  patterned(withoutControls, [least, longest], allowed);

const dateAllowed = "has to be a date such as 2025-01-02";
/** Of the years from 1900 to 2100, of which 1900 and 2100 have no leap day. */
const calendarDate =
  /^(?:(?:(?:19|20)\d\d|2100)-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))|(?:(?:19|20)(?:0[48]|[2468][048]|[13579][26])|2000)-02-29)$/;

/** A calendar date that both JavaScript and PostgreSQL take. */
export const dateInput = text(dateAllowed)
  .regex(calendarDate, { error: dateAllowed })
  .meta({ override: { format: "date" } });

export const idInUrl = numberInUrl(1, Number.MAX_SAFE_INTEGER);
/** Described as those there are; another is not invalid, but nowhere to be found. */
export const jobInUrl = text("has to be the id of a job").meta({
  example: jobIds.ingest,
  override: { enum: Object.values(jobIds) },
});

const tickerAllowed = "has to be a ticker such as AAPL or BRK.B; case counts";
export const tickerInput = text(tickerAllowed)
  .regex(/^[A-Za-z0-9][A-Za-z0-9./:^+=_-]{0,31}$/, { error: tickerAllowed })
  .meta({ example: "AAPL" });

/** Why somebody did something: a text with something in it. Blank ones are refused in the words of what is asked. */
export const reasonInput = z.string({ error: "has to be a text" }).meta({
  description: "Kept and shown with it; up to 500 characters.",
  example: "The vendor has no data.",
  override: { pattern: somethingWritten, maxLength: 500 },
});

export const oneOf = <const Words extends readonly string[]>(words: Words) =>
  z.enum(words, { error: `has to be one of ${words.join(", ")}` });

export const id = z.int().positive();
export const count = z.int().min(0);
export const instant = z.iso.datetime().meta({ example: "2025-01-03T09:30:00.000Z" });
export const date = z.iso.date();
export const errorAnswer = z
  .strictObject({
    error: z.strictObject({
      code: z.string().meta({ example: "invalid" }),
      message: z.string(),
      field: z.string().optional().meta({ description: "The field of the request that is wrong, where it is one." }),
      requestId: z.string(),
    }),
  })
  .meta({ id: "Error" });
