import { thousands } from "../format.ts";

/** A table of Markdown: a head and rows; columns but the first whose cells all begin with a digit stand to the right. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const marks = head.map((_, column) =>
    column > 0 && rows.every((row) => /^\d/.test(row[column] ?? "")) ? "---:" : "---",
  );
  return [head, marks, ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** To two digits, and more of whole numbers: more would say more than is known. */
export const figure = (value: number) =>
  value === 0 ? "0" : value < 10 ? String(Number(value.toPrecision(2))) : thousands(value);

export const percent = (share: number) => `${(share * 100).toFixed(0)} %`;

export function bytes(value: number): string {
  const unit = ["B", "kB", "MB", "GB", "TB", "PB"];
  const step = Math.min(unit.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
  return `${figure(value / 1000 ** step)} ${unit[step]}`;
}

export function duration(seconds: number): string {
  if (seconds < 1e-3) return `${figure(seconds * 1e6)} µs`;
  if (seconds < 1) return `${figure(seconds * 1e3)} ms`;
  if (seconds < 120) return `${figure(seconds)} s`;
  if (seconds < 7200) return `${figure(seconds / 60)} min`;
  return seconds < 172_800 ? `${figure(seconds / 3600)} h` : `${figure(seconds / 86_400)} days`;
}
