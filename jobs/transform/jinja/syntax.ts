/** What a template is made of once it is read. Each part knows its line. */
export type Expression = { line: number } & (
  | { kind: "literal"; value: string | number | bigint | boolean | null; float?: boolean }
  | { kind: "name"; name: string }
  | { kind: "list" | "tuple"; items: Expression[] }
  | { kind: "dict"; entries: [Expression, Expression][] }
  | { kind: "attribute"; of: Expression; name: string }
  | { kind: "item"; of: Expression; key: Expression }
  | { kind: "slice"; of: Expression; start?: Expression; stop?: Expression; step?: Expression }
  | { kind: "call"; of: Expression; args: Arguments }
  | { kind: "filter"; of: Expression; name: string; args: Arguments }
  | { kind: "test"; of: Expression; name: string; args: Arguments; negated: boolean }
  | { kind: "unary"; operator: "not" | "-" | "+"; of: Expression }
  | { kind: "binary"; operator: string; left: Expression; right: Expression }
  | { kind: "comparison"; first: Expression; rest: { operator: string; right: Expression }[] }
  | { kind: "condition"; when: Expression; value: Expression; otherwise: Expression | undefined }
);

export type Arguments = {
  positional: { value: Expression; spread: boolean }[];
  named: { name: string; value: Expression }[];
  /** `**values` */
  spread: Expression[];
};

export type Parameter = { name: string; fallback: Expression | undefined };

/** A target of `set` or `for`: a name, `namespace.attribute`, or several of them. */
export type Target =
  | { kind: "name"; name: string }
  | { kind: "attribute"; of: string; name: string }
  | { kind: "tuple"; targets: Target[] };

export type Macro = { name: string; line: number; parameters: Parameter[]; body: Statement[] };

export type Statement = { line: number } & (
  | { kind: "text"; value: string }
  | { kind: "print"; value: Expression }
  | { kind: "do"; value: Expression }
  | { kind: "set"; target: Target; value: Expression }
  | { kind: "setBlock"; target: Target; filters: Expression | undefined; body: Statement[] }
  | { kind: "if"; branches: { when: Expression | undefined; body: Statement[] }[] }
  | {
      kind: "for";
      target: Target;
      over: Expression;
      when: Expression | undefined;
      body: Statement[];
      otherwise: Statement[];
      recursive: boolean;
    }
  | { kind: "break" | "continue" }
  | { kind: "with"; values: { target: Target; value: Expression }[]; body: Statement[] }
  | { kind: "macro"; macro: Macro }
  | { kind: "call"; parameters: Parameter[]; value: Expression; body: Statement[] }
  | { kind: "filterBlock"; filters: Expression; body: Statement[] }
);

export type Template = { body: Statement[]; macros: Macro[] };
