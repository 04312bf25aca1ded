import type { Compiler, CompileScope } from "../project/compile.ts";
import { type DataTest, quoteRelation, type Relation } from "../project/types.ts";
import { isStatementFault, type Session } from "./session.ts";
import type { TestResult, TestStatus } from "./types.ts";

/** Failing rows kept of each test. */
const sampleSize = 20;

export type TestTarget = {
  test: DataTest;
  /** Where the rows to test are: the subject, or, in an incremental build, what it is about to write. */
  relation: Relation;
  /** The other side of a relationship. */
  otherSide: Relation | undefined;
  scope: CompileScope;
};

export type TestContext = {
  session: Session;
  compiler: Compiler;
  now(): number;
  signal: AbortSignal | undefined;
  onStart(name: string): void;
  onFinish(result: TestResult): void;
};

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

function restricted(context: Pick<TestContext, "compiler">, { test, relation, scope }: TestTarget): string {
  const name = quoteRelation(relation);
  if (test.where === undefined) return name;
  return `(select * from ${name} where ${context.compiler.render(test.path, test.where, scope)}) as dbt_subquery`;
}

/** The query whose rows are the failures, as dbt counts them. */
export function failuresSql(context: Pick<TestContext, "compiler">, target: TestTarget): string {
  const { test, scope } = target;
  const { assertion } = test;
  if (assertion.kind === "singular") return context.compiler.render(test.path, assertion.text, scope);
  const from = restricted(context, target);
  const { column } = assertion;
  switch (assertion.kind) {
    case "not_null":
      return `select * from ${from} where ${column} is null`;
    case "unique":
      return `select ${column} as unique_field, count(*) as n_records from ${from} where ${column} is not null group by ${column} having count(*) > 1`;
    case "accepted_values": {
      const values = assertion.values.map((value) => (assertion.quote ? literal(value) : value)).join(", ");
      return `select * from (select ${column} as value_field, count(*) as n_records from ${from} group by ${column}) as all_values where value_field not in (${values})`;
    }
    case "relationships": {
      const parent = target.otherSide && quoteRelation(target.otherSide);
      return `select child.from_field from (select ${column} as from_field from ${from} where ${column} is not null) as child
        left join (select ${assertion.field} as to_field from ${parent}) as parent on child.from_field = parent.to_field
        where parent.to_field is null`;
    }
  }
}

/** Runs data tests; those for nulls in one relation share one scan. Stops at a test that Postgres refuses. */
export async function runTests(context: TestContext, targets: TestTarget[]): Promise<TestResult[]> {
  const results: TestResult[] = [];
  const groups = new Map<string, TestTarget[]>();
  for (const target of targets) {
    const shared = target.test.assertion.kind === "not_null";
    const key = shared ? `not_null ${restricted(context, target)}` : `one ${target.test.name}`;
    groups.set(key, [...(groups.get(key) ?? []), target]);
  }
  for (const group of groups.values()) {
    const done = await runGroup(context, group);
    results.push(...done);
    if (done.some(({ status }) => status === "error")) break;
  }
  return results;
}

async function runGroup(context: TestContext, group: TestTarget[]): Promise<TestResult[]> {
  for (const { test } of group) context.onStart(test.name);
  const started = context.now();
  const results: TestResult[] = [];
  const finish = (target: TestTarget, outcome: Outcome) => {
    const result = testResult(target.test, outcome, (context.now() - started) / group.length);
    results.push(result);
    context.onFinish(result);
  };
  try {
    const counts = await countFailures(context, group);
    for (const [index, target] of group.entries()) {
      const failures = counts[index] ?? 0;
      finish(target, { failures, sample: failures > 0 ? await readSample(context, target) : null });
    }
  } catch (error) {
    if (!isStatementFault(error, context.signal)) throw error;
    for (const target of group.slice(results.length))
      finish(target, { failures: 0, sample: null, error: error.message });
  }
  return results;
}

type Outcome = { failures: number; sample: unknown[] | null; error?: string };

async function countFailures(context: TestContext, group: TestTarget[]): Promise<number[]> {
  const [first] = group;
  if (!first) return [];
  if (first.test.assertion.kind !== "not_null") {
    const [row] = await context.session.run(
      `select count(*) as failures from (${failuresSql(context, first)}) as failing`,
    );
    return [Number(row?.failures)];
  }
  const counts = group.map(({ test: { assertion } }, index) => {
    const column = assertion.kind === "not_null" ? assertion.column : "null";
    return `count(*) filter (where ${column} is null) as failures_${index}`;
  });
  const [row] = await context.session.run(`select ${counts.join(", ")} from ${restricted(context, first)}`);
  return group.map((_, index) => Number(row?.[`failures_${index}`]));
}

async function readSample(context: TestContext, target: TestTarget): Promise<unknown[]> {
  const sql = failuresSql(context, target);
  const rows = await context.session.run(
    `select to_jsonb(failing) as row from (${sql}) as failing limit ${sampleSize}`,
  );
  return rows.map(({ row }) => row);
}

export function testResult(test: DataTest, outcome: Outcome, durationMs: number): TestResult {
  const { failures, sample, error } = outcome;
  const failed: TestStatus = test.severity === "warn" ? "warn" : "fail";
  const status = error !== undefined ? "error" : failures === 0 ? "pass" : failed;
  const message = error ?? (failures > 0 ? `${failures} ${failures === 1 ? "row fails" : "rows fail"}` : undefined);
  return {
    name: test.name,
    subject: test.subject,
    status,
    severity: test.severity,
    failures,
    sample,
    durationMs,
    ...(message !== undefined && { message }),
  };
}
