import postgres from "postgres";
import type { Sql, TransactionSql } from "../client.ts";

const insufficientPrivilege = "42501";

/** Whether the database says that who works here may not do this. */
export const isRefused = (error: unknown): error is postgres.PostgresError =>
  error instanceof postgres.PostgresError && error.code === insufficientPrivilege;

/** Sets what a role's password is checked by. By way of a setting, as a statement about roles takes no parameters. */
export async function setVerifier(transaction: TransactionSql, role: string, verifier: string): Promise<void> {
  await transaction`
    select set_config('barline.role', ${role}::text, true), set_config('barline.verifier', ${verifier}::text, true)`;
  await transaction`
    do $$ begin
      execute format('alter role %I password %L', current_setting('barline.role'), current_setting('barline.verifier'));
    end $$`;
}

/** What a sort may write to disk; a right that the embedded server's owner has, and others may not. */
export async function limitFiles(sql: Sql, role: string): Promise<void> {
  try {
    await sql`alter role ${sql(role)} set temp_file_limit = '4GB'`;
  } catch (error) {
    if (!isRefused(error)) throw error;
  }
}
