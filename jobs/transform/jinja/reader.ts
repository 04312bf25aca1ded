import { SyntaxFault, type Token } from "./lexer.ts";

/** The tokens that are still to be read. */
export type Reader = {
  peek(ahead?: number): Token;
  next(): Token;
  /** Whether an operator or a word comes next. */
  at(value: string): boolean;
  /** Takes it if it comes next. */
  take(value: string): boolean;
  expect(value: string): Token;
  name(): string;
};

export function createReader(tokens: Token[]): Reader {
  let position = 0;
  const end: Token = tokens.at(-1) ?? { kind: "end", value: "the end of the file", line: 1 };
  const peek = (ahead = 0) => tokens[position + ahead] ?? end;
  const isWord = ({ kind }: Token) => kind === "operator" || kind === "name" || kind === "close" || kind === "open";
  const reader: Reader = {
    peek,
    next() {
      const token = peek();
      position++;
      return token;
    },
    at: (value) => isWord(peek()) && peek().value === value,
    take(value) {
      if (!reader.at(value)) return false;
      position++;
      return true;
    },
    expect(value) {
      const token = reader.next();
      if (!isWord(token) || token.value !== value) {
        throw new SyntaxFault(`'${value}' is missing before '${token.value}'`, token.line);
      }
      return token;
    },
    name() {
      const token = reader.next();
      if (token.kind !== "name") throw new SyntaxFault(`a name is missing before '${token.value}'`, token.line);
      return token.value;
    },
  };
  return reader;
}
