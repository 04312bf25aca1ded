import { countOf } from "../numbers.ts";
import { blank } from "../text.ts";
import { fail, typeOf, type Value } from "../values.ts";

const blanks = new RegExp(`${blank}+`);
const leading = new RegExp(`^${blank}+`);
const trailing = new RegExp(`${blank}+$`);

/** Python's split() and, from the right, rsplit(). */
export function splitText(text: string, separator: Value, limit: Value, fromTheRight: boolean): Value {
  const most = countOf(limit, "maxsplit");
  if (separator === null) return splitAtBlanks(text, most, fromTheRight);
  if (typeof separator !== "string") return fail(`a separator has to be a text, not a ${typeOf(separator)}`);
  if (separator === "") return fail("a separator may not be empty");
  const parts = text.split(separator);
  if (most < 0 || parts.length <= most + 1) return parts;
  if (fromTheRight) {
    const cut = parts.length - most;
    return [parts.slice(0, cut).join(separator), ...parts.slice(cut)];
  }
  return [...parts.slice(0, most), parts.slice(most).join(separator)];
}

function splitAtBlanks(text: string, most: number, fromTheRight: boolean): Value {
  const found: string[] = [];
  let rest = fromTheRight ? text.replace(trailing, "") : text.replace(leading, "");
  while (rest !== "" && (most < 0 || found.length < most)) {
    if (fromTheRight) {
      const at = [...rest.matchAll(new RegExp(blanks, "g"))].at(-1);
      if (!at) break;
      found.unshift(rest.slice(at.index + at[0].length));
      rest = rest.slice(0, at.index).replace(trailing, "");
    } else {
      const at = blanks.exec(rest);
      if (!at) break;
      found.push(rest.slice(0, at.index));
      rest = rest.slice(at.index).replace(leading, "");
    }
  }
  if (rest === "") return found;
  // Blanks at the far end go with the splits that are left to make.
  const last = most < 0 || found.length < most ? rest.replace(fromTheRight ? leading : trailing, "") : rest;
  return last === "" ? found : fromTheRight ? [last, ...found] : [...found, last];
}

/** What ends a line in Python, besides a newline. */
const ends = String.raw`\n\r\v\f\x1c-\x1e\x85\u2028\u2029`;
const wholeLines = new RegExp(`[^${ends}]*(?:\\r\\n|[${ends}])|[^${ends}]+$`, "g");
const end = new RegExp(`(?:\\r\\n|[${ends}])$`);

/** A text's lines by all that Python ends one with. */
export function splitLines(text: string, keep: boolean): string[] {
  const lines = text.match(wholeLines) ?? [];
  return keep ? lines : lines.map((line) => line.replace(end, ""));
}
