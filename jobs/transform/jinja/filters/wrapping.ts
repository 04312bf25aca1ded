type Options = { width: number; breakLong: boolean; onHyphens: boolean };

const blank = "[\\t\\n\\v\\f\\r ]";
const dark = "[^\\t\\n\\v\\f\\r ]";
const word = "[\\p{L}\\p{N}_!\"'&.,?]";
const letter = "[\\p{L}_]";
/** What Python's textwrap takes as one piece: blanks, a dash between words, a word or its part up to a hyphen. */
const pieces = new RegExp(
  `(${blank}+|(?<=${word})-{2,}(?=[\\p{L}\\p{N}_])|${dark}+?(?:-(?:(?<=${letter}{2}-)|(?<=${letter}-${word}-))(?=${letter}-?${letter})|(?=${blank}|$)|(?<=${word})(?=-{2,}[\\p{L}\\p{N}_])))`,
  "u",
);

/** The lines into which Python's textwrap breaks one. */
export function wrapLine(line: string, { width, breakLong, onHyphens }: Options): string[] {
  const chunks = line.split(onHyphens ? pieces : new RegExp(`(${blank}+)`)).filter((chunk) => chunk !== "");
  chunks.reverse();
  const lines: string[] = [];
  const next = () => chunks.at(-1) ?? "";
  while (chunks.length > 0) {
    const current: string[] = [];
    let length = 0;
    if (next().trim() === "" && lines.length > 0) chunks.pop();
    while (chunks.length > 0 && length + next().length <= width) {
      length += next().length;
      current.push(chunks.pop() ?? "");
    }
    if (chunks.length > 0 && next().length > width) {
      const taken = tooLong(next(), width - length, { width, breakLong, onHyphens }, current.length === 0);
      current.push(taken);
      const rest = (chunks.pop() ?? "").slice(taken.length);
      if (rest !== "") chunks.push(rest);
    }
    if ((current.at(-1) ?? "x").trim() === "") current.pop();
    if (current.length > 0) lines.push(current.join(""));
  }
  return lines;
}

/** What of a piece that fits on no line goes on this one: up to a hyphen, where that may be broken at. */
function tooLong(chunk: string, left: number, { breakLong, onHyphens }: Options, alone: boolean): string {
  const space = Math.max(left, 0);
  if (!breakLong) return alone ? chunk : "";
  if (onHyphens && chunk.length > space) {
    const hyphen = chunk.lastIndexOf("-", space - 1);
    if (hyphen > 0 && /[^-]/.test(chunk.slice(0, hyphen))) return chunk.slice(0, hyphen + 1);
  }
  return chunk.slice(0, Math.max(space, alone ? 1 : 0));
}
