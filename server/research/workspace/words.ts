import type { Failing } from "./messages.ts";

/** A failure of a file with its place: "z-score.ts, line 12: it threw". */
export function toSentence({ message, file, line }: Failing): string {
  const place = [file, line === null ? null : `line ${line}`].filter((part) => part !== null).join(", ");
  return place === "" ? message : `${place}: ${message}`;
}
