import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { TransactionSql } from "../../../../db/client.ts";
import { createPlaces } from "../../../../jobs/transform/build/places.ts";
import { withQueries } from "../../../../jobs/transform/build/query.ts";
import { openSession } from "../../../../jobs/transform/build/session.ts";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";
import { corpusScope, differs, messageOf, type Outcome, openCorpus, readRecorded } from "../dbt-corpus/corpus.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ empty: true });
});
afterAll(() => database.drop());

const jinja = openCorpus();
const recorded = readRecorded("queries");

/** Renders a template with what the database answers it; its failure undoes only itself. */
async function render(transaction: TransactionSql, template: string): Promise<Outcome> {
  const session = openSession(transaction, undefined);
  try {
    const work = () =>
      withQueries({ session, places: createPlaces("") }, (query) => jinja.render(template, { ...corpusScope, query }));
    return { text: await session.savepoint(work) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

describe("values that templates ask the database for", () => {
  test("are those that dbt gets", async () => {
    const differing: unknown[] = [];
    await database.sql.begin(async (transaction) => {
      for (const entry of recorded) {
        const ours = await render(transaction, entry.template);
        if (differs(entry, ours)) differing.push({ ...entry, ours });
      }
    });
    expect(differing).toEqual([]);
    expect(recorded.length).toBeGreaterThan(150);
  });

  test("are refused by name where they are bytes", async () => {
    const { error } = await database.sql.begin((sql) => render(sql, "{{ value(\"select '\\\\xde'::bytea\") }}"));
    expect(error).toContain("bytea is not supported in a template");
  });

  test("go back into a query as what they were", async () => {
    const template = `
      {%- set at = value("select '2024-02-29 13:05:07.123456+00'::timestamptz") -%}
      {{ value("select '" ~ at ~ "'::timestamptz = '2024-02-29 13:05:07.123456+00'") }}
      {%- set id = value("select 9223372036854775807") %} {{ value("select " ~ id ~ " = 9223372036854775807") }}
      {%- set price = value("select 0.10::numeric") %} {{ value("select " ~ price ~ "::text = '0.10'") }}`;
    expect(await database.sql.begin((sql) => render(sql, template))).toEqual({ text: "True True True" });
  });
});
