import type { Method } from "../signature.ts";
import { blank } from "../text.ts";

const every = (pattern: RegExp): Method<string> => ["", (self) => pattern.test(self)];

/** Whether letters that have two cases are all in one of them, and one at least is there. */
export const isUpper = (text: string) => text === text.toUpperCase() && text !== text.toLowerCase();
export const isLower = (text: string) => text === text.toLowerCase() && text !== text.toUpperCase();

const isTitled = (text: string) => {
  const words = text.match(/\p{L}+/gu) ?? [];
  return words.length > 0 && words.every((word) => /^[\p{Lu}\p{Lt}][^\p{Lu}\p{Lt}]*$/u.test(word));
};

/** str's methods that ask what a text is made of. */
export const textTests: Record<string, Method<string>> = {
  isalnum: every(/^[\p{L}\p{N}]+$/u),
  isalpha: every(/^\p{L}+$/u),
  isascii: every(/^\p{ASCII}*$/u),
  isdecimal: every(/^\p{Nd}+$/u),
  isdigit: every(/^[\p{Nd}²³¹⁰⁴-⁹₀-₉]+$/u),
  isidentifier: every(/^[\p{ID_Start}_]\p{ID_Continue}*$/u),
  islower: ["", (self) => isLower(self)],
  isnumeric: every(/^\p{N}+$/u),
  isprintable: every(/^(?:[^\p{C}\p{Z}]| )*$/u),
  isspace: every(new RegExp(`^${blank}+$`)),
  istitle: ["", (self) => isTitled(self)],
  isupper: ["", (self) => isUpper(self)],
};
