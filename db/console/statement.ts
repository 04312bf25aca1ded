import { type Token, tokensOf } from "./tokens.ts";

/** A statement that may be sent to the server. */
export type Statement = {
  kind: "query" | "explain";
  /** Without the semicolon at its end; positions in it are those in what was typed. */
  text: string;
  /** What looks like a call of a function, by the name that is called. */
  calls: { name: string; start: number }[];
};

/** Why a statement is not run; `position` is the character that it is about, from 1 on, as the server counts them. */
export class StatementError extends Error {
  override readonly name = "StatementError";
  constructor(
    message: string,
    readonly details: { position?: number; hint?: string; code?: string } = {},
  ) {
    super(message);
  }
}

const queries = ["select", "with", "values", "table"];
const explainOptions = new Set(
  "analyze verbose costs settings generic_plan buffers serialize wal timing summary memory format".split(" "),
);

/** The server counts characters, and a pair of surrogates is one. */
export const positionOf = (text: string, index: number): number => [...text.slice(0, index)].length + 1;

/**
 * Reads what was typed as one statement that only reads. Throws {@link StatementError}. It is the first look: that there is one
 * statement, that it is one, and what it may read, the server decides.
 */
export function readStatement(typed: string): Statement {
  const tokens = tokensOf(typed);
  const at = (token: Token | undefined) => (token ? { position: positionOf(typed, token.start) } : {});
  while (tokens.at(-1)?.name === ";" && tokens.at(-1)?.kind === "sign") tokens.pop();
  const last = tokens.at(-1);
  if (!last) throw new StatementError("There is no statement. Type a query, such as select * from dim_tickers.");
  const end = tokens.findIndex(({ kind, name }) => kind === "sign" && name === ";");
  if (end !== -1) {
    const next = tokens.slice(end).find(({ name }) => name !== ";");
    throw new StatementError("One statement is run at a time; a second one begins here.", at(next));
  }
  const parameter = tokens.find(({ kind }) => kind === "parameter");
  if (parameter) throw new StatementError("There is no value for this parameter; write it out.", at(parameter));
  const escaped = tokens.find(({ kind, name }) => kind === "quoted" && /^u&"/i.test(name));
  if (escaped)
    throw new StatementError('Names in Unicode escapes (U&"…") are not taken here; write them out.', at(escaped));
  const kind = kindOf(tokens);
  if (kind === null) {
    const message = "Only queries are run here: SELECT, WITH, VALUES, TABLE, and EXPLAIN of one.";
    throw new StatementError(message, at(tokens[0]));
  }
  return { kind, text: typed.slice(0, last.end), calls: callsIn(tokens) };
}

function kindOf(tokens: readonly Token[]): Statement["kind"] | null {
  const [first, ...rest] = tokens;
  if (first?.kind === "word" && first.name === "explain") return isQuery(withoutOptions(rest)) ? "explain" : null;
  return isQuery(tokens) ? "query" : null;
}

/** Parentheses may stand before a query, and another one in them. */
function isQuery(tokens: readonly Token[]): boolean {
  const first = tokens.find(({ kind, name }) => kind !== "sign" || name !== "(");
  return first?.kind === "word" && queries.includes(first.name);
}

/** What EXPLAIN is of: the words, or the list in parentheses, that say how are left out. */
function withoutOptions(tokens: readonly Token[]): readonly Token[] {
  const isOption = (token: Token | undefined) => token?.kind === "word" && explainOptions.has(token.name);
  if (tokens[0]?.name === "(" && isOption(tokens[1]))
    return tokens.slice(tokens.findIndex(({ name }) => name === ")") + 1);
  const from = tokens.findIndex((token) => !isOption(token));
  return from === -1 ? [] : tokens.slice(from);
}

const callsIn = (tokens: readonly Token[]) =>
  tokens.flatMap(({ kind, name, start }, index) => {
    const next = tokens[index + 1];
    const isCall = (kind === "word" || kind === "quoted") && next?.kind === "sign" && next.name === "(";
    return isCall ? [{ name, start }] : [];
  });
