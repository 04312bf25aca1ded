import { refuse } from "./refusal.ts";

/** Cuts CSV (RFC 4180, with another delimiter where given) into rows of texts, the header first. Blank lines are left out. */
export function parseCsv(path: string, source: string, delimiter = ","): string[][] {
  const text = source.replace(/^\uFEFF/, "");
  const rows: string[][] = [];
  let row: string[] = [];
  let field = "";
  let quoted = false;
  let wasQuoted = false;
  let line = 1;
  const endField = () => {
    row.push(field);
    field = "";
    wasQuoted = false;
  };
  const endRow = () => {
    const blank = row.length === 0 && field === "" && !wasQuoted;
    endField();
    if (!blank) rows.push(row);
    row = [];
  };
  for (let index = 0; index < text.length; index++) {
    const letter = text[index];
    if (letter === "\n") line++;
    if (quoted) {
      if (letter !== '"') field += letter;
      else if (text[index + 1] === '"') {
        field += '"';
        index++;
      } else quoted = false;
    } else if (letter === '"' && field === "") {
      quoted = true;
      wasQuoted = true;
    } else if (letter === delimiter) endField();
    else if (letter === "\n") endRow();
    else if (letter !== "\r" || text[index + 1] !== "\n") field += letter;
  }
  if (quoted) throw refuse(`${path}:${line}`, "a quote is opened and not closed");
  endRow();
  refuseRagged(path, rows);
  return rows;
}

function refuseRagged(path: string, rows: string[][]): void {
  const [header = []] = rows;
  const ragged = rows.findIndex((row) => row.length > header.length);
  if (ragged >= 0) {
    throw refuse(
      `${path}:${ragged + 1}`,
      `has ${rows[ragged]?.length} values, where there are ${header.length} columns`,
    );
  }
}
