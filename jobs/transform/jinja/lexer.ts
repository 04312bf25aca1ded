import { TemplateFault } from "./values.ts";

type TokenKind = "text" | "name" | "string" | "integer" | "float" | "operator" | "open" | "close" | "end";
/** The value of `open` and `close` is `{%`, `%}`, `{{` or `}}`. */
export type Token = { kind: TokenKind; value: string; line: number };

/** What is wrong with a template's text, and where. */
export class SyntaxFault extends TemplateFault {
  constructor(
    message: string,
    readonly line: number,
  ) {
    super(message);
  }
}

const patterns: [TokenKind, RegExp][] = [
  ["float", /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy],
  ["integer", /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy],
  ["name", /[\p{ID_Start}_]\p{ID_Continue}*/uy],
  ["string", /"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'/y],
  ["operator", /\/\/|\*\*|==|!=|>=|<=|[-+*/%~()[\]{}.,:|=<>]/y],
];
const rawBlock = /\{%[-+]?\s*raw\s*(-?)\+?%\}([\s\S]*?)\{%([-+]?)\s*endraw\s*([-+]?)%\}/y;
const whitespace = /\s*/y;
const escapes: Record<string, string> = {
  ...{ a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" },
  ...{ "\\": "\\", "'": "'", '"': '"', "\n": "" },
};
const escapeSequence = /\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{8})|x([\da-fA-F]{2})|([0-7]{1,3})|([\s\S]))/g;

/** What a text in quotes says; a backslash before what is no escape stays. */
function unquote(text: string, line: number): string {
  return text
    .slice(1, -1)
    .replace(escapeSequence, (whole, short?: string, long?: string, hex?: string, octal?: string, letter?: string) => {
      const code = short ?? long ?? hex;
      if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      if (letter === "N" || letter === "u" || letter === "U" || letter === "x") {
        throw new SyntaxFault(`the escape \\${letter} in a text is not supported in this form`, line);
      }
      return escapes[letter ?? ""] ?? whole;
    });
}

function matchAt(pattern: RegExp, text: string, position: number): RegExpExecArray | null {
  pattern.lastIndex = position;
  return pattern.exec(text);
}

/** A place in a text that only goes forward, and knows its line. */
function createCursor(text: string, firstLine: number) {
  let position = 0;
  let line = firstLine;
  return {
    get position() {
      return position;
    },
    get line() {
      return line;
    },
    moveTo(to: number) {
      for (let index = position; index < to; index++) if (text.charCodeAt(index) === 10) line++;
      position = to;
    },
  };
}

/** Cuts a template into text and the tokens of its tags, whitespace control applied. */
export function tokenize(source: string, firstLine = 1): Token[] {
  // As Jinja2: one newline at the very end is not part of the template.
  const text = source.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  const cursor = createCursor(text, firstLine);
  const tokens: Token[] = [];
  let trimNext = false;
  const push = (kind: TokenKind, value: string) => tokens.push({ kind, value, line: cursor.line });

  const pushText = (end: number) => {
    let piece = text.slice(cursor.position, end);
    if (trimNext) piece = piece.trimStart();
    if (text[end + 2] === "-") piece = piece.trimEnd();
    trimNext = false;
    if (piece) push("text", piece);
    cursor.moveTo(end);
  };
  const skipComment = () => {
    const end = text.indexOf("#}", cursor.position + 2);
    if (end < 0) throw new SyntaxFault("a comment {# has no end", cursor.line);
    trimNext = text[end - 1] === "-";
    cursor.moveTo(end + 2);
  };
  const pushRaw = ([whole, trimStart, inner = "", trimEnd, trimAfter]: RegExpExecArray) => {
    const kept = trimStart ? inner.trimStart() : inner;
    push("text", trimEnd === "-" ? kept.trimEnd() : kept);
    cursor.moveTo(cursor.position + whole.length);
    trimNext = trimAfter === "-";
  };

  while (cursor.position < text.length) {
    const found = text.slice(cursor.position).search(/\{[{%#]/);
    pushText(found < 0 ? text.length : cursor.position + found);
    if (found < 0) break;
    const raw = matchAt(rawBlock, text, cursor.position);
    if (raw) pushRaw(raw);
    else if (text[cursor.position + 1] === "#") skipComment();
    else trimNext = readTag(text, cursor, push);
  }
  push("end", "the end of the file");
  return tokens;
}

/** Reads one `{{ … }}` or `{% … %}`; true where it takes the whitespace after it along. */
function readTag(
  text: string,
  cursor: ReturnType<typeof createCursor>,
  push: (kind: TokenKind, value: string) => void,
): boolean {
  const opening = text.slice(cursor.position, cursor.position + 2);
  const closing = opening === "{{" ? "}}" : "%}";
  push("open", opening);
  cursor.moveTo(cursor.position + (/[-+]/.test(text[cursor.position + 2] ?? "") ? 3 : 2));
  // Braces of a dict may stand right before the end of the tag.
  for (let depth = 0; ; ) {
    cursor.moveTo(cursor.position + (matchAt(whitespace, text, cursor.position)?.[0].length ?? 0));
    const sign = /[-+]/.test(text[cursor.position] ?? "") ? 1 : 0;
    if (depth === 0 && text.startsWith(closing, cursor.position + sign)) {
      const trims = text[cursor.position] === "-";
      push("close", closing);
      cursor.moveTo(cursor.position + sign + 2);
      return trims;
    }
    depth += readToken(text, cursor, push);
  }
}

/** Reads one token; answers by how much it opens (or, below zero, closes) brackets. */
function readToken(
  text: string,
  cursor: ReturnType<typeof createCursor>,
  push: (kind: TokenKind, value: string) => void,
): number {
  for (const [kind, pattern] of patterns) {
    const match = matchAt(pattern, text, cursor.position);
    if (!match) continue;
    const [value] = match;
    push(kind, kind === "string" ? unquote(value, cursor.line) : value);
    cursor.moveTo(cursor.position + value.length);
    if (kind !== "operator") return 0;
    return "([{".includes(value) ? 1 : ")]}".includes(value) ? -1 : 0;
  }
  if (cursor.position >= text.length) throw new SyntaxFault("a tag has no end", cursor.line);
  throw new SyntaxFault(`'${text[cursor.position]}' is not understood here`, cursor.line);
}
