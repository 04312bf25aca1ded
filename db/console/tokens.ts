/** A piece of SQL as PostgreSQL's scanner cuts it, where it matters here: `name` is folded as the server folds it. */
export type Token = {
  kind: "word" | "quoted" | "text" | "parameter" | "sign";
  name: string;
  start: number;
  end: number;
};

const word = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const quotedName = /"(?:[^"]|"")*"/y;
const plainText = /'(?:[^']|'')*'/y;
const escapedText = /[eE]'(?:[^'\\]|\\[\s\S]|'')*'/y;
/** The next line of an escaped text, in which backslashes still escape. */
const continuedText = /'(?:[^'\\]|\\[\s\S]|'')*'/y;
const markedText = /(?:[uU]&|[bBxXnN])'(?:[^']|'')*'/y;
const unicodeName = /[uU]&"(?:[^"]|"")*"/y;
const dollarText = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const parameter = /\$\d+/y;
const number = /(?:\d[\w.]*|\.\d[\w]*)/y;
// The server takes other spaces for letters.
const space = /[ \t\n\r\f\v]+/y;
const lineComment = /--[^\n\r]*/y;

/** The server folds the letters of ASCII only. */
const folded = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

const matchAt = (pattern: RegExp, text: string, at: number): string | undefined => {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
};

/** Where a comment that begins at `at` ends; they nest. */
function endOfComment(text: string, at: number): number {
  let depth = 0;
  for (let index = at; index < text.length; index++) {
    const pair = text.slice(index, index + 2);
    if (pair === "/*") depth += 1;
    if (pair === "*/") depth -= 1;
    if (pair === "/*" || pair === "*/") index += 1;
    if (depth === 0) return index + 1;
  }
  return text.length;
}

/** Where a text in dollars that begins at `at` with `mark` ends. */
function endOfDollars(text: string, at: number, mark: string): number {
  const close = text.indexOf(mark, at + mark.length);
  return close === -1 ? text.length : close + mark.length;
}

function endOfNothing(text: string, at: number): number | undefined {
  const blank = matchAt(space, text, at) ?? matchAt(lineComment, text, at);
  if (blank) return at + blank.length;
  return text.startsWith("/*", at) ? endOfComment(text, at) : undefined;
}

function tokenAt(text: string, at: number, before: Token | undefined): Token {
  const made = (kind: Token["kind"], piece: string, name = ""): Token => ({
    kind,
    name,
    start: at,
    end: at + piece.length,
  });
  const escapedName = matchAt(unicodeName, text, at);
  if (escapedName) return made("quoted", escapedName, escapedName);
  const escaped =
    matchAt(escapedText, text, at) ?? (before?.name === "e'" ? matchAt(continuedText, text, at) : undefined);
  if (escaped) return made("text", escaped, "e'");
  const literal = matchAt(markedText, text, at) ?? matchAt(plainText, text, at);
  if (literal) return made("text", literal);
  const name = matchAt(word, text, at);
  if (name) return made("word", name, folded(name));
  const quoted = matchAt(quotedName, text, at);
  if (quoted) return made("quoted", quoted, quoted.slice(1, -1).replaceAll('""', '"'));
  const filled = matchAt(parameter, text, at);
  if (filled) return made("parameter", filled);
  const mark = matchAt(dollarText, text, at);
  if (mark) return { ...made("text", mark), end: endOfDollars(text, at, mark) };
  const digits = matchAt(number, text, at);
  if (digits) return made("text", digits);
  return made("sign", text[at] ?? "", text[at] ?? "");
}

/** The pieces of a statement without spaces and comments. What is not closed ends with the text; the server tells of it. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const skipped = endOfNothing(text, at);
    if (skipped !== undefined) {
      at = skipped;
      continue;
    }
    const token = tokenAt(text, at, tokens.at(-1));
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}
