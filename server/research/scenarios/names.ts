import { RequestError } from "../../../jobs/orchestrator/types.ts";

export const longestName = 100;

/** A name as it is kept: one line without spaces at its ends. Throws a RequestError that names the field. */
export function cleanName(given: string, thing = "scenario"): string {
  const name = given
    .normalize("NFC")
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  if (name === "") throw new RequestError("invalid", `A ${thing} needs a name.`, "name");
  const length = [...name].length;
  if (length <= longestName) return name;
  const message = `A name has at most ${longestName} characters; this one has ${length}.`;
  throw new RequestError("invalid", message, "name");
}

/** The refusal of a name that another one has; case does not tell two apart. */
export const nameTaken = (name: string, thing = "scenario"): RequestError =>
  new RequestError("conflict", `There is a ${thing} called “${name}” already.`, "name");

/** `name (word)`, or with the first number that makes it free: `name (copy)`, `name (copy 2)`. */
export function freeName(name: string, word: string, taken: readonly string[]): string {
  const known = new Set(taken.map((other) => other.toLowerCase()));
  for (let number = 1; ; number++) {
    const ending = number === 1 ? ` (${word})` : ` (${word} ${number})`;
    const free = `${beginningOf(name, ending.length)}${ending}`;
    if (!known.has(free.toLowerCase())) return free;
  }
}

/** As much of a name as leaves room for `room` characters more. */
export const beginningOf = (name: string, room: number): string =>
  [...name]
    .slice(0, longestName - room)
    .join("")
    .trimEnd();
