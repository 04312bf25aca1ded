import type { Sql, TransactionSql } from "../../client.ts";

export type ExportSetting = { mode: string | null; changedAt: Date | null; changedBy: string | null };

/** What people set about the export; nulls where nobody has. */
export async function selectExportSetting(sql: Sql | TransactionSql): Promise<ExportSetting> {
  const [row] = await sql<ExportSetting[]>`
    select mode, changed_at as "changedAt", changed_by as "changedBy" from barline.export_settings where id = 1`;
  return row ?? { mode: null, changedAt: null, changedBy: null };
}

export async function updateExportSetting(transaction: TransactionSql, mode: string, by: string): Promise<void> {
  await transaction`
    insert into barline.export_settings (id, mode, changed_by) values (1, ${mode}::text, ${by}::text)
    on conflict (id) do update set mode = excluded.mode, changed_at = now(), changed_by = excluded.changed_by`;
}
