import type { Sql } from "../../client.ts";
import { escapeLike } from "../../like.ts";

/** Scenarios whose name holds a text, in any case; the newest first. */
export function selectScenariosNamed(sql: Sql, text: string, limit: number): Promise<{ id: number; name: string }[]> {
  return sql<{ id: number; name: string }[]>`
    select id, name
    from barline.scenarios
    where deleted_at is null and lower(name) like ${`%${escapeLike(text.toLowerCase())}%`}::text
    order by id desc
    limit ${limit}::int`;
}
