import type { Failing } from "./messages.ts";

export const secondsOf = (ms: number): string => (ms === 1000 ? "1 second" : `${ms / 1000} seconds`);

/** A failure of a file with its place: "z-score.ts, line 12: it threw". */
export function toSentence({ message, file, line }: Failing): string {
  const place = [file, line === null ? null : `line ${line}`].filter((part) => part !== null).join(", ");
  return place === "" ? message : `${place}: ${message}`;
}
