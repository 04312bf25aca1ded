import { textMethods } from "./methods/text.ts";
import { bindMethod } from "./signature.ts";
import { characters, lengthOf, repr } from "./text.ts";
import { fail, NativeValue, type Value } from "./values.ts";

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&#39;", '"': "&#34;" };

export const escapeHtml = (text: string) => text.replace(/[&<>'"]/g, (letter) => entities[letter] ?? letter);

/** What they do escapes what they are given; nothing in SQL needs that. */
const escaping = ["format", "join", "replace", "format_map", "partition", "rpartition"];

/** A text that `safe`, `escape` or `tojson` marked as HTML: put together with a plain one, that is escaped. */
export class Markup extends NativeValue {
  readonly type = "Markup";

  constructor(readonly text: string) {
    super();
  }

  override str() {
    return this.text;
  }
  repr() {
    return `Markup(${repr(this.text)})`;
  }
  override get length() {
    return lengthOf(this.text);
  }
  override iterate() {
    return characters(this.text);
  }
  override item(key: Value) {
    return typeof key === "number" ? characters(this.text).at(key) : undefined;
  }
  override contains(item: Value) {
    return this.text.includes(textOf(item) ?? fail("only a text can be in a text"));
  }
  override equals(other: Value) {
    return textOf(other) === this.text;
  }
  override compare(other: Value) {
    const text = textOf(other);
    return text === undefined ? undefined : this.text < text ? -1 : Number(this.text > text);
  }
  override hash() {
    return `'${this.text}`;
  }
  override format(specification: string) {
    return specification === "" ? this.text : fail("a format of a text that is marked as HTML is not supported");
  }
  override attribute(name: string) {
    if (escaping.includes(name)) return fail(`${name}() of a text that is marked as HTML is not supported`);
    return bindMethod(textMethods, this.text, name);
  }
  override operate(operator: string, other: Value, onTheRight: boolean): Value | undefined {
    const text = textOf(other);
    if (operator === "*" && typeof other === "number") return new Markup(this.text.repeat(Math.max(0, other)));
    if (operator === "%") return fail("% after a text that is marked as HTML is not supported");
    if (operator !== "+" || text === undefined) return undefined;
    const safe = other instanceof Markup ? text : escapeHtml(text);
    return new Markup(onTheRight ? safe + this.text : this.text + safe);
  }
}

/** The text that a value is; undefined where it is none. */
export const textOf = (value: Value | undefined): string | undefined =>
  typeof value === "string" ? value : value instanceof Markup ? value.text : undefined;
