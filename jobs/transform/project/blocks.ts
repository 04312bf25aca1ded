/** A `{% kind name … %}…{% endkind %}` as it stands in a file. */
export type Block = { name: string; text: string; whole: string; line: number };

/** Finds dbt's blocks of one kind: snapshot, docs, macro, test. */
export function readBlocks(text: string, kind: string): Block[] {
  const pattern = new RegExp(
    `\\{%[-+]?\\s*${kind}\\s+(\\w+)[^%]*?[-+]?%\\}([\\s\\S]*?)\\{%[-+]?\\s*end${kind}\\s*\\w*\\s*[-+]?%\\}`,
    "g",
  );
  return [...text.matchAll(pattern)].map(({ 0: whole, 1: name = "", 2: inner = "", index }) => {
    const before = text.slice(0, index + whole.indexOf(inner));
    return { name, text: inner, whole, line: before.split("\n").length };
  });
}
