import type { Compiler } from "../project/compile.ts";
import { type DataTest, literal, quoteIdentifier } from "../project/types.ts";
import { type Asking, renderHere } from "./query.ts";
import { isStatementFault } from "./session.ts";
import { type StoredFailures, storeFailures } from "./stored.ts";
import { failuresSql, restricted, type TestTarget } from "./test-sql.ts";
import type { FailureVerdict, StatementFault, TestFailure, TestResult, TestStatus } from "./types.ts";

export type { TestTarget } from "./test-sql.ts";

/** Failing rows kept of each test. */
const sampleSize = 20;

export type TestContext = Asking & {
  compiler: Compiler;
  now(): number;
  signal: AbortSignal | undefined;
  onStart(name: string): void;
  onFinish(result: TestResult): void;
  /** Told of the failing rows that a test stores. */
  onStored(stored: StoredFailures): void;
  /** Told of a test that Postgres refuses. */
  onFault(fault: StatementFault): void;
  /** Asked of each failing `error` test. */
  onFailure: ((failure: TestFailure) => Promise<FailureVerdict>) | undefined;
};

/** Whether a test is about any failing row at all, and nothing but that: then one scan may serve several. */
export const isPlain = ({ config }: DataTest): boolean =>
  config.severity === "error" &&
  config.errorIf === "!= 0" &&
  config.failCalc === "count(*)" &&
  config.limit === undefined &&
  config.storeFailures === undefined;

/** Runs data tests; those for nulls in one relation share one scan. Stops at a test that Postgres refuses. */
export async function runTests(context: TestContext, targets: TestTarget[]): Promise<TestResult[]> {
  const results: TestResult[] = [];
  for (const group of await groupTargets(context, targets)) {
    const done = await runGroup(context, group);
    results.push(...done);
    if (done.some(({ status }) => status === "error")) break;
  }
  return results;
}

async function groupTargets(context: TestContext, targets: TestTarget[]): Promise<TestTarget[][]> {
  const groups = new Map<string, TestTarget[]>();
  for (const target of targets) {
    const shared = target.test.assertion.kind === "not_null" && isPlain(target.test);
    const key = shared
      ? `not_null ${await renderHere(context, (query) => restricted(context.compiler, asking(target, query)))}`
      : `one ${target.test.name}`;
    groups.set(key, [...(groups.get(key) ?? []), target]);
  }
  return [...groups.values()];
}

const asking = (target: TestTarget, query: NonNullable<TestTarget["scope"]["query"]>): TestTarget => ({
  ...target,
  scope: { ...target.scope, query },
});

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
    const sql = await Promise.all(group.map((target) => compile(context, target)));
    const counts = group.length > 1 ? await countNulls(context, group) : [];
    for (const [index, target] of group.entries()) {
      const query = sql[index] ?? "";
      const outcome = await judge(context, target, query, counts[index]);
      finish(target, await weigh(context, target, outcome));
    }
  } catch (error) {
    if (!isStatementFault(error, context.signal)) throw error;
    const refused = group.slice(results.length);
    for (const { test } of refused.slice(0, 1))
      context.onFault({ node: test.name, code: error.code, message: error.message });
    for (const target of refused) finish(target, { ...nothing, error: error.message });
  }
  return results;
}

const compile = (context: TestContext, target: TestTarget) =>
  renderHere(context, (query) => failuresSql(context.compiler, asking(target, query)));

/** What a test found. */
export type Outcome = {
  failures: number;
  shouldWarn: boolean;
  shouldError: boolean;
  sample: unknown[] | null;
  sql: string | null;
  storedIn: string | null;
  /** The relation or query of the failing rows, as SQL. */
  rows?: string;
  /** Whether the failing rows are known and believed. */
  accepted?: boolean;
  error?: string;
};
const nothing: Outcome = {
  failures: 0,
  shouldWarn: false,
  shouldError: false,
  sample: null,
  sql: null,
  storedIn: null,
};
/** Of a test that something else proves. */
export const proven: Outcome = nothing;

async function judge(context: TestContext, target: TestTarget, sql: string, count?: number): Promise<Outcome> {
  const { session } = context;
  if (count !== undefined) {
    const sample = count > 0 ? await readSample(context, sql) : null;
    const rows = `(\n${sql}\n)`;
    return { ...nothing, failures: count, shouldWarn: count > 0, shouldError: count > 0, sample, sql, rows };
  }
  const { test } = target;
  const stored = test.config.storeFailures === undefined ? undefined : await storeFailures(session, target, sql);
  if (stored) context.onStored(stored);
  const { failCalc, warnIf, errorIf } = test.config;
  const from = stored?.working ?? `(\n${sql}\n)`;
  const [row] = await session.run(`
    select ${failCalc} as failures, ${failCalc} ${warnIf} as should_warn, ${failCalc} ${errorIf} as should_error
    from ${from} as dbt_internal_test`);
  const failures = Number(row?.failures ?? 0);
  const sample = stored ? stored.rows.slice(0, sampleSize) : failures > 0 ? await readSample(context, sql) : null;
  return {
    failures,
    shouldWarn: row?.should_warn === true,
    shouldError: row?.should_error === true,
    sample: sample && sample.length > 0 ? sample : null,
    sql,
    storedIn: stored ? `${stored.relation.schema}.${stored.relation.identifier}` : null,
    rows: from,
  };
}

/** Asks of a test that would end the build whether its rows are believed. */
async function weigh(context: TestContext, { test }: TestTarget, outcome: Outcome): Promise<Outcome> {
  const { rows } = outcome;
  if (!context.onFailure || rows === undefined || statusOf(test, outcome) !== "fail") return outcome;
  const { session } = context;
  const shape = await session.run(`select * from ${rows} as failing limit 0`);
  const verdict = await context.onFailure({
    name: test.name,
    columnName: test.column ?? null,
    failures: outcome.failures,
    columns: (shape.columns ?? []).map(({ name }) => name),
    async distinct(columns, limit) {
      const pairs = columns.map((name) => `${literal(name)}, failing.${quoteIdentifier(name)}`).join(", ");
      const found = await session.run(
        `select distinct jsonb_build_object(${pairs}) as row from ${rows} as failing order by 1 limit ${Math.trunc(limit)}`,
      );
      return found.map(({ row }) => row as Record<string, unknown>);
    },
  });
  return { ...outcome, accepted: verdict === "accept" };
}

/** How many nulls each test of a group finds, in one scan. */
async function countNulls(context: TestContext, group: TestTarget[]): Promise<number[]> {
  const [first] = group;
  if (!first) return [];
  const counts = group.map(({ test: { assertion } }, index) => {
    const column = assertion.kind === "not_null" ? assertion.column : "null";
    return `count(*) filter (where ${column} is null) as failures_${index}`;
  });
  const from = await renderHere(context, (query) => restricted(context.compiler, asking(first, query)));
  const [row] = await context.session.run(`select ${counts.join(", ")} from ${from}`);
  return group.map((_, index) => Number(row?.[`failures_${index}`]));
}

async function readSample(context: TestContext, sql: string): Promise<unknown[]> {
  const rows = await context.session.run(
    `select to_jsonb(failing) as row from (\n${sql}\n) as failing limit ${sampleSize}`,
  );
  return rows.map(({ row }) => row);
}

function statusOf({ config }: DataTest, { shouldWarn, shouldError, accepted, error }: Outcome): TestStatus {
  if (error !== undefined) return "error";
  if (accepted) return "warn";
  if (config.severity === "error" && shouldError) return "fail";
  return shouldWarn ? "warn" : "pass";
}

export function testResult(test: DataTest, outcome: Outcome, durationMs: number): TestResult {
  const { failures, sample, error } = outcome;
  const status = statusOf(test, outcome);
  const found = `${failures} ${failures === 1 ? "result" : "results"}`;
  const judged =
    status === "fail"
      ? `Got ${found}, configured to fail if ${test.config.errorIf}`
      : status === "warn"
        ? `Got ${found}, ${outcome.accepted ? "all of them believed" : `configured to warn if ${test.config.warnIf}`}`
        : undefined;
  const message = error ?? judged;
  return {
    name: test.name,
    kind: test.kind,
    subject: test.subject,
    columnName: test.column ?? null,
    status,
    severity: test.config.severity,
    failures,
    sample,
    compiledSql: outcome.sql,
    storedIn: outcome.storedIn,
    durationMs,
    ...(message !== undefined && { message }),
  };
}
