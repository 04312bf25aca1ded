/** Replaces every spelling of the API key in a text. Whatever leaves the client passes through this. */
export type Redact = (text: string) => string;

/** What stands where the key stood. */
const blank = "[key]";

/** Keys of the vendor have 32 characters; a word that is as short as a ticker would be found in the data itself. */
const shortestSecret = 16;

/** An `apiKey=…` in a URL, also in one inside JSON, where `&`, `=` and `/` may be escaped. */
const keyParameter =
  /((?:[?&]|\\u0026)(?:amp;)?api_?key(?:=|\\u003d))(?!\[key\])(?:[^"&#\s\\]|\\\/|\\u(?!0026)[\da-f]{4})+/gi;

/** Hides a key as it is, and as it looks inside a URL or inside JSON. */
export function createRedactor(apiKey: string): Redact {
  if (apiKey === "") return (text) => text;
  const spelled = new RegExp(Array.from(apiKey, spellings).join(""), "g");
  return (text) => text.replace(spelled, blank);
}

/**
 * The same for the whole text of an answer, in which some vendors repeat the key as a parameter of `next_url`. A key too short to be
 * one is blanked in parameters only.
 */
export function createAnswerRedactor(apiKey: string): Redact {
  const redact: Redact = apiKey.length < shortestSecret ? (text) => text : createRedactor(apiKey);
  return (text) => redact(text.replace(keyParameter, `$1${blank}`));
}

/** A character by itself, percent-encoded, or escaped as JSON may. */
function spellings(character: string): string {
  const plain = character.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  const percent = Array.from(Buffer.from(character), (byte) => `%${anyCase(byte.toString(16).padStart(2, "0"))}`);
  const escaped = Array.from({ length: character.length }, (_, index) => {
    return `\\\\u${anyCase(character.charCodeAt(index).toString(16).padStart(4, "0"))}`;
  });
  return `(?:${plain}|\\\\${plain}|${percent.join("")}|${escaped.join("")})`;
}

const anyCase = (digits: string) => digits.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
