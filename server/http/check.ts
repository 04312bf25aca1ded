import { z } from "zod";
import { HttpError } from "./errors.ts";
import { nearest } from "./nearest.ts";

/**
 * Parses `value`, or throws a 422 that names each faulty field. `inside` is the field that holds the value, where it is not the
 * whole of what was sent.
 */
export function check<Schema extends z.ZodType>(schema: Schema, value: unknown, inside?: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalidFields(schema, value, parsed.error, inside);
}

/** The 422 of `check`, for a value that was parsed elsewhere. */
export function invalidFields(schema: z.ZodType, value: unknown, error: z.ZodError, inside?: string): HttpError {
  const problems = error.issues.flatMap((issue) => describe(issue, { schema, value, inside }));
  const field = problems[0]?.field;
  // A date that is no date fails its range too, in the same words.
  const message = [...new Set(problems.map((problem) => problem.message))].join(" ");
  return new HttpError(422, "invalid", message, field === undefined ? {} : { field });
}

type Issue = z.core.$ZodIssue;
type Checked = { schema: z.ZodType; value: unknown; inside: string | undefined };

function describe(issue: Issue, { schema, value, inside }: Checked): { field: string; message: string }[] {
  const nameOf = (...path: PropertyKey[]) => [...(inside === undefined ? [] : [inside]), ...path].join(".");
  if (issue.code === "unrecognized_keys") {
    const known = knownFields(schema, value, issue.path);
    return issue.keys.map((key) => {
      const field = nameOf(...issue.path, shorten(key));
      return { field, message: `\`${field}\` is not known; ${adviceOn(key, known)}` };
    });
  }
  const field = nameOf(...issue.path);
  if (field === "") return [{ field: "body", message: "The body has to be a JSON object." }];
  // What breaks a rule between fields may be a default, which was not sent.
  if (issue.code !== "custom" && valueAt(value, issue.path) === undefined) {
    return [{ field, message: `\`${field}\` is required.` }];
  }
  const message = `\`${field}\` ${plainMessage(issue)}`;
  return [{ field, message: message.endsWith("?") ? message : `${message}.` }];
}

/** Edits that a name may be away from the one that was meant. */
const furthestSlip = 4;

function adviceOn(key: string, known: string[]): string {
  if (known.length === 0) return "none is expected here.";
  const close = nearest(shorten(key), known, furthestSlip);
  return `known are ${known.join(", ")}.${close === undefined ? "" : ` Did you mean \`${close}\`?`}`;
}

/** The fields of the object schema at `path`; of a union, those of the member that the value says it is. */
function knownFields(schema: z.ZodType, value: unknown, path: readonly PropertyKey[]): string[] {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    return knownFields(schema.unwrap() as z.ZodType, value, path);
  }
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const member = (schema.options as z.ZodType[]).find((option) => {
      const parsed = option.safeParse(value);
      return parsed.success || parsed.error.issues.every((issue) => issue.code === "unrecognized_keys");
    });
    return member ? knownFields(member, value, path) : [];
  }
  if (!(schema instanceof z.ZodObject)) return [];
  const [first, ...rest] = path;
  if (first === undefined) return Object.keys(schema.shape);
  const inner = schema.shape[String(first)];
  return inner === undefined ? [] : knownFields(inner as z.ZodType, valueAt(value, [first]), rest);
}

/** Schemas with a message of their own complete the sentence; the rest are told by what was expected. */
function plainMessage(issue: Issue): string {
  if (issue.message.startsWith("has to be ")) return issue.message;
  return issue.code === "invalid_type" ? `has to be of type ${issue.expected}` : `is wrong: ${issue.message}`;
}

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );

/** A name as long as a message may repeat it. */
export const shorten = (name: string): string => (name.length > 60 ? `${name.slice(0, 60)}…` : name);
