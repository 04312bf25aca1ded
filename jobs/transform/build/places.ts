import { quoteRelation, type Relation } from "../project/types.ts";

/** Where relations stand while a build is under way. */
export type Places = {
  /** Says that what will be `relation` stands somewhere else until it is published. */
  move(relation: Relation, to: Relation): void;
  of(relation: Relation): Relation;
  /** A statement on published names, as it is to be run now: names in it are replaced, and texts stay what they will have been. */
  redirect(sql: string): string;
};

const name = `(?:"(?:[^"]|"")+"|[A-Za-z_\\u0080-\\uffff][\\w$\\u0080-\\uffff]*)`;
/** What holds no names, and else two or three with points between. */
const pieces = new RegExp(
  [
    `[eE]'(?:[^'\\\\]|\\\\[\\s\\S]|'')*'`,
    `'(?:[^']|'')*'`,
    `--[^\\n]*`,
    `/\\*[\\s\\S]*?\\*/`,
    `\\$(\\w*)\\$([\\s\\S]*?)\\$\\1\\$`,
    `${name}(?:\\s*\\.\\s*${name})+`,
    name,
  ].join("|"),
  "g",
);

const unquoted = (part: string) =>
  part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.toLowerCase();

/** The places of a build in `database`; at first everything stands where it is published. */
export function createPlaces(database: string): Places {
  const moved = new Map<string, Relation>();
  const keyOf = ({ schema, identifier }: Relation) => JSON.stringify([schema, identifier]);
  const of = (relation: Relation) => moved.get(keyOf(relation)) ?? relation;

  function redirectName(written: string): string {
    const parts = written.match(new RegExp(name, "g")) ?? [];
    const plain = parts.map(unquoted);
    const from = plain.length > 2 && plain[0] === database ? 1 : 0;
    const [schema = "", identifier = ""] = plain.slice(from);
    const to = moved.get(keyOf({ schema, identifier }));
    return to ? [quoteRelation(to), ...parts.slice(from + 2)].join(".") : written;
  }
  const redirect = (sql: string): string => {
    if (moved.size === 0) return sql;
    return sql.replace(pieces, (whole: string, tag: string | undefined, body: string | undefined) => {
      // A function's or a block's text is SQL too.
      if (body !== undefined) return `$${tag ?? ""}$${redirect(body)}$${tag ?? ""}$`;
      return /^["\w\u0080-\uffff]/.test(whole) && !/^e'/i.test(whole) && whole.includes(".")
        ? redirectName(whole)
        : whole;
    });
  };
  return {
    move(relation, to) {
      if (keyOf(relation) !== keyOf(to)) moved.set(keyOf(relation), to);
    },
    of,
    redirect,
  };
}
