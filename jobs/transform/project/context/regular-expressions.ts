import { Iterator } from "../../jinja/collections.ts";
import { countOf, isWhole } from "../../jinja/numbers.ts";
import { bindMethod, define, type Method } from "../../jinja/signature.ts";
import { lengthOf, repr, str } from "../../jinja/text.ts";
import { callOf, Dict, fail, NativeValue, Thing, tuple, typeOf, type Value } from "../../jinja/values.ts";
import { flags, translate } from "./regular-expression-syntax.ts";

const textOf = (value: Value): string =>
  typeof value === "string" ? value : fail(`a regular expression looks at texts, not at a ${typeOf(value)}`);

const groupNames = (source: string) => [...source.matchAll(/\(\?<([^=!>][^>]*)>/g)].map(([, name = ""]) => name);

/** What a regular expression found. */
class Match extends NativeValue {
  readonly type = "re.Match";

  constructor(
    readonly found: RegExpExecArray,
    readonly names: string[],
  ) {
    super();
  }

  repr() {
    const [from, to] = this.span(0);
    return `<re.Match object; span=(${from}, ${to}), match=${repr(this.found[0])}>`;
  }
  override isTrue() {
    return true;
  }
  #index(which: Value): number | string {
    if (typeof which === "string") return this.names.includes(which) ? which : fail(`there is no group '${which}'`);
    const index = countOf(which, "a group");
    return index < this.found.length && index >= 0 ? index : fail(`there is no group ${index}`);
  }
  group(which: Value): Value {
    const index = this.#index(which);
    return (typeof index === "string" ? this.found.groups?.[index] : this.found[index]) ?? null;
  }
  groups(fallback: Value): Value[] {
    return this.found.slice(1).map((group: string | undefined) => group ?? fallback);
  }
  /** Where a group stands, in characters; -1 where it is not there. */
  span(which: Value): [number, number] {
    const index = this.#index(which);
    const place = typeof index === "string" ? this.found.indices?.groups?.[index] : this.found.indices?.[index];
    if (!place) return [-1, -1];
    const { input } = this.found;
    return [lengthOf(input.slice(0, place[0])), lengthOf(input.slice(0, place[1]))];
  }
  override item(key: Value) {
    return this.group(key);
  }
  override attribute(name: string): Value | undefined {
    if (name === "string") return this.found.input;
    return bindMethod(matchMethods, this, name);
  }
}

const matchMethods: Record<string, Method<Match>> = {
  end: ["group=, /", (self, which: Value = 0) => self.span(which)[1]],
  group: (self, args, keywords) => {
    if (keywords.size > 0) return fail("group() takes its groups by their place");
    const found = args.map((which) => self.group(which));
    return args.length === 0 ? self.group(0) : found.length === 1 ? (found[0] ?? null) : tuple(found);
  },
  groupdict: [
    "default=",
    (self, fallback: Value = null) =>
      new Dict(self.names.map((name): [Value, Value] => [name, self.found.groups?.[name] ?? fallback])),
  ],
  groups: ["default=", (self, fallback: Value = null) => tuple(self.groups(fallback))],
  span: ["group=, /", (self, which: Value = 0) => tuple(self.span(which))],
  start: ["group=, /", (self, which: Value = 0) => self.span(which)[0]],
};

/** What a text says that a match is replaced by. */
function expand(template: string, match: Match): string {
  return template.replace(
    /\\(?:g<([^>]*)>|(\d{1,2})|([\s\S]))/g,
    (whole, name?: string, digits?: string, letter?: string) => {
      const which = name ?? digits;
      if (which !== undefined)
        return str(match.group(/^\d+$/.test(which) ? Number(which) : which) ?? "").replace(/^None$/, "");
      const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r", "\\": "\\", a: "\x07", f: "\f", v: "\v" };
      return (
        escapes[letter ?? ""] ??
        (/[a-zA-Z]/.test(letter ?? "") ? fail(`the escape ${whole} means nothing here`) : whole)
      );
    },
  );
}

/** A regular expression, ready to look for. */
class Pattern extends NativeValue {
  readonly type = "re.Pattern";
  readonly names: string[];
  readonly #source: string;
  readonly #flags: string;

  constructor(
    readonly pattern: string,
    wanted: number,
  ) {
    super();
    const translated = translate(pattern, wanted);
    this.#source = translated.source;
    this.#flags = translated.flags;
    this.names = groupNames(translated.source);
    this.#expression("", "");
  }

  repr() {
    return `re.compile(${repr(this.pattern)})`;
  }
  #expression(before: string, after: string, more = ""): RegExp {
    try {
      return new RegExp(before + this.#source + after, `dv${this.#flags}${more}`);
    } catch (error) {
      return fail(
        `the regular expression '${this.pattern}' is not understood: ${error instanceof Error ? error.message : ""}`,
      );
    }
  }
  find(text: Value, kind: "match" | "search" | "fullmatch"): Value {
    const [before, after] =
      kind === "search" ? ["", ""] : ["(?<![\\s\\S])(?:", kind === "match" ? ")" : ")(?![\\s\\S])"];
    const found = this.#expression(before, after).exec(textOf(text));
    return found && new Match(found, this.names);
  }
  all(text: Value): Match[] {
    return [...textOf(text).matchAll(this.#expression("", "", "g"))].map((found) => new Match(found, this.names));
  }
  findAll(text: Value): Value {
    return this.all(text).map((match) => {
      const groups = match.groups("");
      return groups.length === 0 ? match.group(0) : groups.length === 1 ? (groups[0] ?? "") : tuple(groups);
    });
  }
  split(text: Value, limit: Value): Value {
    const whole = textOf(text);
    const most = countOf(limit, "maxsplit");
    const found: Value[] = [];
    let from = 0;
    for (const match of this.all(text).slice(0, most > 0 ? most : undefined)) {
      found.push(whole.slice(from, match.found.index), ...match.groups(null));
      from = match.found.index + match.found[0].length;
    }
    return [...found, whole.slice(from)];
  }
  substitute(by: Value, text: Value, count: Value): [Value, number] {
    const whole = textOf(text);
    const most = countOf(count, "count");
    const call = callOf(by);
    const matches = this.all(text).slice(0, most > 0 ? most : undefined);
    let written = "";
    let from = 0;
    for (const match of matches) {
      written +=
        whole.slice(from, match.found.index) + (call ? str(call([match], new Map())) : expand(textOf(by), match));
      from = match.found.index + match.found[0].length;
    }
    return [written + whole.slice(from), matches.length];
  }
  override attribute(name: string): Value | undefined {
    if (name === "pattern") return this.pattern;
    return bindMethod(patternMethods, this, name);
  }
}

const patternMethods: Record<string, Method<Pattern>> = {
  findall: ["string", (self, text) => self.findAll(text)],
  finditer: ["string", (self, text) => new Iterator("callable_iterator", self.all(text))],
  fullmatch: ["string", (self, text) => self.find(text, "fullmatch")],
  match: ["string", (self, text) => self.find(text, "match")],
  search: ["string", (self, text) => self.find(text, "search")],
  split: ["string, maxsplit=", (self, text, limit: Value = 0) => self.split(text, limit)],
  sub: ["repl, string, count=", (self, by, text, count: Value = 0) => self.substitute(by, text, count)[0]],
  subn: ["repl, string, count=", (self, by, text, count: Value = 0) => tuple(self.substitute(by, text, count))],
};

const compiled = (pattern: Value, wanted: Value = 0): Pattern =>
  pattern instanceof Pattern
    ? pattern
    : new Pattern(textOf(pattern), isWhole(wanted) ? Number(wanted) : fail("flags have to be those of re"));

/** Functions of the module that take a pattern first and are its methods. */
const looking = (name: "match" | "search" | "fullmatch") =>
  define(name, "pattern, string, flags=", (pattern, text, wanted?: Value) =>
    compiled(pattern, wanted).find(text, name),
  );

/** `modules.re` */
export function regularExpressionModule(): Thing {
  const known: Record<string, Value> = {
    ...flags,
    compile: define("compile", "pattern, flags=", (pattern, wanted?: Value) => compiled(pattern, wanted)),
    escape: define("escape", "pattern", (text) => textOf(text).replace(/[()[\]{}?*+\-|^$\\.&~# \t\n\r\v\f]/g, "\\$&")),
    findall: define("findall", "pattern, string, flags=", (pattern, text, wanted?: Value) =>
      compiled(pattern, wanted).findAll(text),
    ),
    finditer: define(
      "finditer",
      "pattern, string, flags=",
      (pattern, text, wanted?: Value) => new Iterator("callable_iterator", compiled(pattern, wanted).all(text)),
    ),
    fullmatch: looking("fullmatch"),
    match: looking("match"),
    search: looking("search"),
    split: define("split", "pattern, string, maxsplit=, flags=", (pattern, text, limit: Value = 0, wanted?: Value) =>
      compiled(pattern, wanted).split(text, limit),
    ),
    sub: define(
      "sub",
      "pattern, repl, string, count=, flags=",
      (pattern, by, text, count: Value = 0, wanted?: Value) => compiled(pattern, wanted).substitute(by, text, count)[0],
    ),
    subn: define(
      "subn",
      "pattern, repl, string, count=, flags=",
      (pattern, by, text, count: Value = 0, wanted?: Value) =>
        tuple(compiled(pattern, wanted).substitute(by, text, count)),
    ),
  };
  return new Thing("modules.re", known, { missing: (name) => fail(`modules.re.${name} is not supported`) });
}
