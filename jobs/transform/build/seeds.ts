import { parseCsv } from "../project/csv.ts";
import { refuse } from "../project/refusal.ts";
import { literal, type Model, quoteIdentifier, quoteRelation, type SeedConfig } from "../project/types.ts";
import { type BuiltModel, type ModelContext, openWork } from "./context.ts";
import { indexTable } from "./tables.ts";

const rowsPerStatement = 1000;

type Type = { name: string; read(text: string): string | undefined };

const numberPattern = /^[-+]?(\d[\d_]*\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const datePattern = /^(\d{4})-(\d{1,2})-(\d{1,2})$/;
const timePattern = /^\d{4}-\d{1,2}-\d{1,2} \d{1,2}:\d{1,2}:\d{1,2}$/;
const isoPattern = /^\d{4}-?\d{2}-?\d{2}T\d{2}(:?\d{2}(:?\d{2}([.,]\d+)?)?)?(Z|[-+]\d{2}(:?\d{2})?)?$/;

/** A number as dbt's CSV reader (agate) takes it: with thousands separators, a percent sign or a currency's. */
function readNumber(text: string): string | undefined {
  const plain = text
    .trim()
    .replace(/^%|%$/g, "")
    .replace(/^\p{Sc}|\p{Sc}$/gu, "")
    .replaceAll(",", "");
  return numberPattern.test(plain) ? plain.replaceAll("_", "") : undefined;
}

function readDate(text: string): string | undefined {
  const [, year, month, day] = datePattern.exec(text.trim()) ?? [];
  if (year === undefined) return undefined;
  const at = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return at.getUTCMonth() === Number(month) - 1 && at.getUTCDate() === Number(day) ? text.trim() : undefined;
}

const matching = (pattern: RegExp) => (text: string) => (pattern.test(text.trim()) ? text.trim() : undefined);

/** The types that values are tried for, in dbt's order; text is what is left. */
const types: Type[] = [
  { name: "number", read: readNumber },
  { name: "date", read: readDate },
  { name: "timestamp without time zone", read: matching(timePattern) },
  { name: "timestamp without time zone", read: matching(isoPattern) },
  { name: "boolean", read: (text) => matching(/^(true|false)$/)(text.trim().toLowerCase()) },
];
const asText: Type = { name: "text", read: (text) => text };

const isNull = (text: string) => ["", "null"].includes(text.trim().toLowerCase());

/** Whether a number has decimals that are not zero. */
const hasFraction = (text: string) => !Number.isInteger(Number(text));

type SeedColumn = { name: string; type: string; values: (string | null)[] };

function seedConfig({ config, path }: Model): SeedConfig {
  if (!config.seed) throw refuse(path, "is no seed");
  return config.seed;
}

/** Columns, types and values of a seed, as dbt infers them. */
function readSeed(model: Model): SeedColumn[] {
  const { columnTypes, delimiter } = seedConfig(model);
  const [header, ...rows] = parseCsv(model.path, model.text, delimiter);
  if (!header) throw refuse(`${model.path}:1`, "the seed has no header");
  return header.map((name, index) => {
    const texts = rows.map((row) => row[index] ?? "");
    const given = columnTypes[name];
    const filled = texts.filter((text) => !isNull(text));
    const found =
      given === undefined ? types.find(({ read }) => filled.every((text) => read(text) !== undefined)) : undefined;
    const type = found ?? asText;
    const values = texts.map((text) => (isNull(text) ? null : (type.read(text) ?? null)));
    const fractional = values.some((value) => value !== null && hasFraction(value));
    const inferred = type.name === "number" ? (fractional ? "float8" : "integer") : type.name;
    return { name, type: given ?? inferred, values: inferred === "integer" ? values.map(wholeNumber) : values };
  });
}

/** `1.0` and `1e3` are whole, and Postgres takes neither for an integer. */
const wholeNumber = (value: string | null) => (value === null ? null : BigInt(Number(value)).toString());

/** Loads a seed beside the one that is published; leaves that alone where neither rows nor config changed. */
export async function buildSeed(context: ModelContext, model: Model, fingerprint: string): Promise<BuiltModel> {
  const { session } = context;
  const standing = context.standing.get(model.name);
  const common = { model, fingerprint, delta: undefined, reason: undefined };
  const refresh = model.config.fullRefresh ?? context.fullRefresh;
  if (standing?.kind === "table" && standing.fingerprint === fingerprint && !refresh) {
    return { ...common, action: "unchanged", rows: 0, relation: model.relation, proven: [] };
  }
  const relation = await openWork(context, model);
  const columns = readSeed(model);
  const quote = (name: string) => (seedConfig(model).quoteColumns ? quoteIdentifier(name) : name);
  const declared = columns.map(({ name, type }) => `${quote(name)} ${type}`).join(", ");
  await session.run(`create table ${quoteRelation(relation)} (${declared})`);
  const rows = columns[0]?.values.length ?? 0;
  for (let from = 0; from < rows; from += rowsPerStatement) {
    const indexes = Array.from({ length: Math.min(rowsPerStatement, rows - from) }, (_, index) => from + index);
    const value = (text: string | null | undefined) => (text === null || text === undefined ? "null" : literal(text));
    const lines = indexes.map((index) => `(${columns.map(({ values }) => value(values[index])).join(", ")})`);
    await session.run(`insert into ${quoteRelation(relation)} values ${lines.join(",\n")}`);
  }
  const proven = await indexTable(session, model, relation);
  return { ...common, action: standing ? "replaced" : "created", rows, relation, proven };
}
