import { invisible } from "../../../views/visible-text.ts";
import {
  type ColumnKind,
  isNumeric,
  millisecondsOf,
  type TableColumn,
  type TableRow,
  type TableValue,
} from "./table.ts";

/** What a workbook's file of one sheet is made of, beside the sheet, by path. */
export const workbookParts: Record<string, string> = {
  "[Content_Types].xml": xml(
    `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${[
      ["/xl/workbook.xml", "sheet.main"],
      ["/xl/styles.xml", "styles"],
      ["/xl/worksheets/sheet1.xml", "worksheet"],
    ]
      .map(
        ([path, kind]) =>
          `<Override PartName="${path}" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.${kind}+xml"/>`,
      )
      .join("")}</Types>`,
  ),
  "_rels/.rels": relationships({ officeDocument: "xl/workbook.xml" }),
  "xl/_rels/workbook.xml.rels": relationships({ worksheet: "worksheets/sheet1.xml", styles: "styles.xml" }),
  "xl/workbook.xml": xml(
    `<workbook xmlns="${main()}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Barline" sheetId="1" r:id="rId1"/></sheets></workbook>`,
  ),
  "xl/styles.xml": xml(
    `<styleSheet xmlns="${main()}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="5"><xf/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="165" applyNumberFormat="1"/><xf quotePrefix="1"/><xf fontId="1" applyFont="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`,
  ),
};

/** The cell styles by their places in `cellXfs`. */
const styles = { date: 1, instant: 2, quoted: 3, header: 4 };

function main() {
  return "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
}

function xml(body: string) {
  return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${body}`;
}

function relationships(targets: Record<string, string>) {
  const list = Object.entries(targets).map(
    ([kind, target], index) =>
      `<Relationship Id="rId${index + 1}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/${kind}" Target="${target}"/>`,
  );
  return xml(
    `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${list.join("")}</Relationships>`,
  );
}

const longestText = 32_767;
// What XML cannot hold, and what cannot be seen; tabs and the ends of lines stay.
const unseen = new RegExp(String.raw`(?![\t\n\r])[${invisible}]|[\ufffe\uffff]`, "g");
const special = /[&<>"\r]|_x[0-9A-Fa-f]{4}_/g;
const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;" };

/** A text as an XML of spreadsheets has it, in which `_x0041_` would be read as a letter; cut where a cell ends. */
const cellText = (text: string): string =>
  text
    .replace(unseen, "")
    .slice(0, longestText)
    .toWellFormed()
    .replace(special, (found) => entities[found] ?? `_x005F${found}`);

/** Excel takes no text of a cell for a formula; an editor of the cell would, unless it is marked as typed with an apostrophe. */
const looksLikeFormula = /^\s*[=+\-@]/;

const textCell = (at: string, text: string, style: number) =>
  `<c r="${at}"${style > 0 ? ` s="${style}"` : ""} t="inlineStr"><is><t xml:space="preserve">${cellText(text)}</t></is></c>`;

const dayMs = 86_400_000;
/** Days are counted from here, for all days after the 29 February 1900 that there was not. */
const firstDay = Date.UTC(1899, 11, 30);
const firstSerial = 61;

function timeCell(at: string, text: string, style: number): string {
  const serial = (millisecondsOf(text) - firstDay) / dayMs;
  return serial >= firstSerial ? `<c r="${at}" s="${style}"><v>${serial}</v></c>` : textCell(at, text, 0);
}

/** PostgreSQL's numerics may be longer than a reader of XML takes a number for; a double has no more than this of them. */
const longestNumber = 18;
const numberText = (text: string) => (text.length > longestNumber ? String(Number(text)) : text);

function cell(at: string, value: TableValue, kind: ColumnKind): string {
  if (value === null) return "";
  if (typeof value === "boolean") return `<c r="${at}" t="b"><v>${value ? 1 : 0}</v></c>`;
  if (typeof value === "number") return Number.isFinite(value) ? `<c r="${at}"><v>${value}</v></c>` : "";
  if (isNumeric(kind))
    return Number.isFinite(Number(value)) ? `<c r="${at}"><v>${numberText(value)}</v></c>` : textCell(at, value, 0);
  if (kind === "date") return timeCell(at, value, styles.date);
  if (kind === "instant") return timeCell(at, value, styles.instant);
  return textCell(at, value, looksLikeFormula.test(value) ? styles.quoted : 0);
}

function lettersOf(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : lettersOf(Math.floor(index / 26) - 1) + last;
}

/** The sheet, but for its rows of values: those go between `begin` and `end`, the first as row 2. */
export function sheetOf(columns: readonly TableColumn[]) {
  const letters = columns.map((_, index) => lettersOf(index));
  const header = columns.map(({ name }, index) => textCell(`${letters[index]}1`, name, styles.header)).join("");
  return {
    begin: xml(
      `<worksheet xmlns="${main()}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols><col min="1" max="${Math.max(1, columns.length)}" width="14" customWidth="1"/></cols><sheetData><row r="1">${header}</row>`,
    ),
    end: "</sheetData></worksheet>",
    rows(rows: readonly TableRow[], first: number): string {
      let text = "";
      for (const [index, values] of rows.entries()) {
        const row = first + index;
        text += `<row r="${row}">`;
        for (let at = 0; at < columns.length; at += 1)
          text += cell(`${letters[at]}${row}`, values[at] ?? null, columns[at]?.kind ?? "text");
        text += "</row>";
      }
      return text;
    },
  };
}
