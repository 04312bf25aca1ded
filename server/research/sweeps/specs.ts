import type { SweepRequest } from "./schemas.ts";

/** What a parameter is tried with, as a person writes it: `20`, `10, 20, 50` or `5 to 50 by 5`. */
export type Spec = SweepRequest["params"][string];

const number = "[+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[+-]?\\d+)?";
const single = new RegExp(`^${number}$`, "i");
const range = new RegExp(`^(${number})\\s*(?:to|–|\\.\\.)\\s*(${number})(?:\\s*(?:by|step|/)\\s*(${number}))?$`, "i");

/** Null where the text is none of the three. */
export function parseSpec(text: string): Spec | null {
  const trimmed = text.trim();
  if (single.test(trimmed)) return Number(trimmed);
  const found = range.exec(trimmed);
  if (found) return { from: Number(found[1]), to: Number(found[2]), step: Number(found[3] ?? 1) };
  const parts = trimmed.split(/[\s,;]+/).filter((part) => part !== "");
  return parts.length > 1 && parts.every((part) => single.test(part)) ? parts.map(Number) : null;
}

export function formatSpec(spec: Spec): string {
  if (typeof spec === "number") return String(spec);
  if (Array.isArray(spec)) return spec.join(", ");
  return `${spec.from} to ${spec.to}${spec.step === 1 ? "" : ` by ${spec.step}`}`;
}
