import { isUniqueViolation } from "../../db/errors.ts";
import { RequestError } from "../../jobs/orchestrator/types.ts";

export const longestName = 100;

/** A name as it is kept: one line without spaces at its ends. `thing` is what has it, as `scenario`. Throws a RequestError that names the field. */
export function cleanName(given: string, thing: string): string {
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

/** The refusal of a name that another thing of the kind has; case does not tell two apart. */
export const nameTaken = (name: string, thing: string): RequestError =>
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

/** The name where it is free, else the first free one that says that it was restored. */
export const restoredName = (name: string, taken: readonly string[]): string =>
  taken.some((other) => other.toLowerCase() === name.toLowerCase()) ? freeName(name, "restored", taken) : name;

/** As much of a name as leaves room for `room` characters more. */
export const beginningOf = (name: string, room: number): string =>
  [...name]
    .slice(0, longestName - room)
    .join("")
    .trimEnd();

/** Two that take one name at once: the database decides, and the second is told. */
export async function named<Result>(name: string, thing: string, deed: () => Promise<Result>): Promise<Result> {
  try {
    return await deed();
  } catch (error) {
    if (isUniqueViolation(error)) throw nameTaken(name, thing);
    throw error;
  }
}
