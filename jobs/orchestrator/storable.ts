import type { JsonValue } from "../../db/client.ts";

/** What PostgreSQL's text and jsonb refuse, a NUL or half a surrogate pair, as U+FFFD. An error may quote any garbage. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll("\u0000", "\uFFFD");
}

/** A value that jsonb takes. What is no JSON (a bigint, a cycle) is kept as text: a log line is not worth a failure. */
export function storableJson(value: JsonValue): JsonValue {
  try {
    return clean(JSON.parse(JSON.stringify(value, (_key, part) => (typeof part === "bigint" ? String(part) : part))));
  } catch {
    return storableText(String(value));
  }
}

function clean(value: JsonValue): JsonValue {
  if (typeof value === "string") return storableText(value);
  if (Array.isArray(value)) return value.map(clean);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [storableText(key), clean(part as JsonValue)]));
}
