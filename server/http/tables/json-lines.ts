import { type ColumnKind, isNumeric, type Table, type TableValue } from "./table.ts";

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** A number goes with all its digits, as one of JSON may have any; what is none, such as NaN, JSON has no word for. */
function jsonValue(value: TableValue, kind: ColumnKind): string {
  if (typeof value === "string" && isNumeric(kind)) return jsonNumber.test(value) ? value : "null";
  return JSON.stringify(value);
}

/** A table as one JSON object a line. */
export async function* writeJsonLines({ columns, batches }: Table): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const fields = columns.map(({ name, kind }, index) => ({
    kind,
    before: `${index === 0 ? "{" : ","}${JSON.stringify(name)}:`,
  }));
  for await (const rows of batches) {
    let text = "";
    for (const row of rows) {
      for (const [index, { kind, before }] of fields.entries()) text += before + jsonValue(row[index] ?? null, kind);
      text += "}\n";
    }
    yield encoder.encode(text);
  }
}
