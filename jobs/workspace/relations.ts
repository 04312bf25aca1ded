import type { WorkspaceColumn, WorkspaceGrain } from "../../db/schema/workspace.ts";
import { readColumns } from "../transform/build/catalog.ts";
import type { BuiltModel } from "../transform/build/context.ts";
import type { Session } from "../transform/build/session.ts";
import { quoteIdentifier, quoteRelation } from "../transform/project/types.ts";

type Columns = { name: string; type: string }[];

const numeric = /^(smallint|integer|bigint|numeric|real|double precision)\b/;
const textual = /^(text|character varying|character|name|"char")(?!\w)/;

/** What pages may make of a column of this type. */
function kindOf(type: string): WorkspaceColumn["kind"] {
  if (type.endsWith("[]")) return null;
  if (numeric.test(type)) return "number";
  if (type === "boolean") return "boolean";
  return textual.test(type) ? "text" : null;
}

/** The columns of a published relation, with what YAML says of them. */
export function describeColumns({ model }: BuiltModel, columns: Columns): WorkspaceColumn[] {
  const described = new Map(model.columns.map(({ name, description }) => [name, description]));
  return columns.map(({ name, type }) => ({
    ...{ name, kind: kindOf(type), sqlType: type },
    description: described.get(name) ?? "",
  }));
}

const keys: { grain: Exclude<WorkspaceGrain, "other">; columns: string[] }[] = [
  { grain: "ticker_session", columns: ["ticker", "trade_date"] },
  { grain: "security_session", columns: ["security_id", "trade_date"] },
  { grain: "ticker", columns: ["ticker"] },
];

/** What a row stands for, and what keeps it from more: rows that repeat. Rows of a day are never told apart by the ticker alone. */
export async function findGrain(
  session: Session,
  built: BuiltModel,
  columns: Columns,
): Promise<{ grain: WorkspaceGrain; note: string | null }> {
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const isDaily = types.has("trade_date");
  const fitting = keys.filter(
    (key) =>
      key.columns.every((name) => types.has(name)) &&
      key.columns.includes("trade_date") === isDaily &&
      (!isDaily || types.get("trade_date") === "date"),
  );
  for (const { grain, columns: key } of fitting) {
    if (await isUnique(session, built, key)) return { grain, note: null };
  }
  const [first] = fitting;
  if (!first) return { grain: "other", note: null };
  const names = first.columns.join(", ");
  return { grain: "other", note: `Rows repeat by (${names}), so that its columns are offered nowhere.` };
}

async function isUnique(session: Session, { model, proven }: BuiltModel, key: string[]): Promise<boolean> {
  if (proven.some((columns) => columns.every((name) => key.includes(name)))) return true;
  const list = key.map(quoteIdentifier).join(", ");
  const [row] = await session.run(`
    select exists (
      select ${list} from ${quoteRelation(model.relation)} group by ${list} having count(*) > 1
    ) as repeats`);
  return row?.repeats !== true;
}

/** The columns of what is published, by its name. */
export const columnsOf = (session: Session, { model }: BuiltModel): Promise<Columns> =>
  readColumns(session, model.relation);
