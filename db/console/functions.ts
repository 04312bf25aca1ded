import type { Sql } from "../client.ts";

/** What changes with each call and does nothing else, or ends with the statement's time. */
const harmless = [
  ...["bernoulli", "clock_timestamp", "gen_random_uuid", "pg_indexes_size", "pg_relation_size", "pg_sleep"],
  ...["pg_table_size", "pg_total_relation_size", "random", "random_normal", "setseed", "system", "timeofday"],
  ...["uuidv4", "uuidv7"],
];

/**
 * Which of these names are of functions that may do more than read: take locks that builds wait for, end other sessions, change
 * settings, write to the log, or run a statement that is hidden in a text. The server calls all of them volatile; of those that
 * extensions or people brought, only immutable ones are known to do nothing.
 */
export async function selectUnsafeFunctions(sql: Sql, names: readonly string[]): Promise<string[]> {
  // A connection that lives for one statement does not ask for the types of arrays first.
  const list = names.join("\n");
  const rows = await sql<{ name: string }[]>`
    select proname as name
    from pg_proc
    where proname = any (string_to_array(${list}::text, chr(10))) and proname <> all (string_to_array(${harmless.join("\n")}::text, chr(10)))
      and case when pronamespace = 'pg_catalog'::regnamespace then provolatile = 'v' else provolatile <> 'i' end
    group by proname`;
  return rows.map(({ name }) => name);
}
