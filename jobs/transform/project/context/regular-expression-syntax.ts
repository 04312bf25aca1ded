import { fail } from "../../jinja/values.ts";

/** Python's flags by name, as numbers that can be added. */
export const flags: Record<string, number> = {
  ...{ A: 256, ASCII: 256, DOTALL: 16, S: 16, I: 2, IGNORECASE: 2 },
  ...{ M: 8, MULTILINE: 8, U: 32, UNICODE: 32, NOFLAG: 0, X: 64, VERBOSE: 64, L: 4, LOCALE: 4 },
};
const inlineFlags: Record<string, number> = { a: 256, i: 2, m: 8, s: 16, u: 32, x: 64, L: 4 };

const letters = { unicode: "\\p{L}\\p{N}_", ascii: "A-Za-z0-9_" };

/** Characters that JavaScript wants escaped within a class. */
const reserved = /[()[\]{}/\-\\|&!#%,:;<=>@`~]/;

type Kind = "unicode" | "ascii";

/** What a backslash and a letter stand for; the inside of a class where `bare`. */
function classOf(letter: string, kind: Kind, bare: boolean): string | undefined {
  const digits = kind === "ascii" ? "0-9" : "\\p{Nd}";
  const sets: Record<string, string> = { w: letters[kind], d: digits, s: "\\s" };
  const set = sets[letter.toLowerCase()];
  if (set === undefined) return undefined;
  if (letter === letter.toLowerCase()) return bare ? set : `[${set}]`;
  return `[^${set}]`;
}

const boundary = (kind: Kind) => {
  const word = `[${letters[kind]}]`;
  return {
    b: `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`,
    B: `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`,
  };
};

/** A class from its `[` on, and where it ends. */
function readClass(pattern: string, from: number, kind: Kind): { text: string; end: number } {
  let at = from + 1;
  let text = "[";
  if (pattern[at] === "^") {
    text += "^";
    at++;
  }
  for (let first = true; first || pattern[at] !== "]"; first = false) {
    const letter = pattern[at];
    if (letter === undefined) return fail(`the regular expression '${pattern}' has a [ that is not closed`);
    const next = pattern[at + 1] ?? "";
    if (letter === "\\") {
      text += classOf(next, kind, true) ?? (next === "b" ? "\\b" : escapeOf(next, pattern));
      at += 2;
    } else {
      const isRange = letter === "-" && !first && next !== "]" && text.length > (text[1] === "^" ? 2 : 1);
      text += isRange ? "-" : reserved.test(letter) ? `\\${letter}` : letter;
      at++;
    }
  }
  return { text: `${text}]`, end: at + 1 };
}

/** A character that a backslash stands before and that is no class. */
function escapeOf(letter: string, pattern: string): string {
  if (/[nrtfv0ux]/.test(letter)) return `\\${letter}`;
  if (letter === "a") return "\\x07";
  if (/[a-zA-Z]/.test(letter))
    return fail(`the regular expression '${pattern}' has \\${letter}, which is not supported`);
  return /[\^$\\.*+?()[\]{}|/\-&!#%,:;<=>@`~]/.test(letter)
    ? `\\x${letter.charCodeAt(0).toString(16).padStart(2, "0")}`
    : letter;
}

/** Python's regular expression as JavaScript's, with its flags but those of how it is looked for. */
export function translate(pattern: string, given: number): { source: string; flags: string } {
  const inline = /^\(\?([aimsuxL]+)\)/.exec(pattern);
  const wanted = [...(inline?.[1] ?? "")].reduce((all, letter) => all | (inlineFlags[letter] ?? 0), given);
  if (wanted & 64) fail("the flag VERBOSE of regular expressions is not supported");
  if (wanted & 4) fail("the flag LOCALE of regular expressions is not supported");
  const kind: Kind = wanted & 256 ? "ascii" : "unicode";
  let source = "";
  for (let at = inline?.[0].length ?? 0; at < pattern.length; ) {
    const piece = readPiece(pattern, at, kind, (wanted & 8) !== 0);
    source += piece.text;
    at = piece.end;
  }
  return { source, flags: `${wanted & 2 ? "i" : ""}${wanted & 8 ? "m" : ""}${wanted & 16 ? "s" : ""}` };
}

function readPiece(pattern: string, at: number, kind: Kind, multiline: boolean): { text: string; end: number } {
  const letter = pattern[at] ?? "";
  const next = pattern[at + 1] ?? "";
  if (letter === "[") return readClass(pattern, at, kind);
  if (letter === "\\") return { text: readEscape(next, pattern, at, kind), end: at + 2 };
  // At the very end, or before the newline that ends the text.
  if (letter === "$") return { text: multiline ? "$" : "(?=\\n?(?![\\s\\S]))", end: at + 1 };
  if (letter === ".") return { text: ".", end: at + 1 };
  if (letter === "{") {
    const [whole, from, to] = /^\{(\d*)(,\d*)?\}/.exec(pattern.slice(at)) ?? [];
    if (whole === undefined || (from === "" && (to ?? ",") === ",")) return { text: "\\{", end: at + 1 };
    return { text: `{${from || "0"}${to ?? ""}}`, end: at + whole.length };
  }
  if (letter === "}" || letter === "]") return { text: `\\${letter}`, end: at + 1 };
  if (letter === "(" && next === "?") return readGroup(pattern, at);
  if (letter === "+" && /[*+?}]/.test(pattern[at - 1] ?? "") && pattern[at - 2] !== "\\") {
    return fail(`the regular expression '${pattern}' has a possessive quantifier, which is not supported`);
  }
  return { text: letter, end: at + 1 };
}

function readEscape(letter: string, pattern: string, at: number, kind: Kind): string {
  if (letter === "A") return "(?<![\\s\\S])";
  if (letter === "Z") return "(?![\\s\\S])";
  if (letter === "b" || letter === "B") return boundary(kind)[letter];
  if (/[1-9]/.test(letter)) return `(?:\\${letter})${/\d/.test(pattern[at + 2] ?? "") ? "(?:)" : ""}`;
  return classOf(letter, kind, false) ?? escapeOf(letter, pattern);
}

/** `(?:`, `(?P<name>`, `(?=` and the like. */
function readGroup(pattern: string, at: number): { text: string; end: number } {
  const rest = pattern.slice(at);
  const named = /^\(\?P<(\w+)>/.exec(rest);
  if (named) return { text: `(?<${named[1]}>`, end: at + named[0].length };
  const again = /^\(\?P=(\w+)\)/.exec(rest);
  if (again) return { text: `\\k<${again[1]}>`, end: at + again[0].length };
  const known = /^\(\?(?::|=|!|<=|<!)/.exec(rest);
  if (known) return { text: known[0], end: at + known[0].length };
  const comment = /^\(\?#[^)]*\)/.exec(rest);
  return comment
    ? { text: "", end: at + comment[0].length }
    : fail(`the regular expression '${pattern}' has '${rest.slice(0, 4)}', which is not supported`);
}
