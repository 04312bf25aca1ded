import type { BuildOptions } from "../build/progress.ts";
import type { BuildResult, ModelResult, TestResult } from "../build/types.ts";
import type { LoadedProject } from "../project/assemble.ts";
import { quoteRelation } from "../project/types.ts";
import { compilePublished } from "../summary.ts";
import { metadata } from "./manifest.ts";

export type RunFacts = {
  options: Pick<BuildOptions, "select" | "exclude" | "fullRefresh">;
  /** When each model and test began, by name. */
  startedAt: Map<string, Date>;
  /** Milliseconds that the whole build took. */
  elapsedMs: number;
  at: Date;
};

const seconds = (milliseconds: number) => milliseconds / 1000;

function timing(started: Date | undefined, durationMs: number) {
  if (!started) return [];
  const completed = new Date(started.getTime() + durationMs).toISOString();
  return [{ name: "execute", started_at: started.toISOString(), completed_at: completed }];
}

function modelStatus({ action }: ModelResult): "success" | "error" | "skipped" {
  return action === "failed" ? "error" : action === "skipped" ? "skipped" : "success";
}

function modelMessage({ action, rows, error }: ModelResult): string {
  return error ?? (rows === null ? action : `${action} ${rows}`);
}

/** dbt's run_results.json (version 6) of a build. A build that was not published says so in each result that took part in it. */
export function buildRunResults(loaded: LoadedProject, result: BuildResult, facts: RunFacts): Record<string, unknown> {
  const { project } = loaded;
  const idOf = new Map(
    [...project.models, ...project.tests, ...project.unitTests].map(({ name, uniqueId }) => [name, uniqueId]),
  );
  const placeOf = new Map(project.models.map(({ name, relation }) => [name, quoteRelation(relation)]));
  const compiled = new Map(project.models.map((model) => [model.name, compilePublished(loaded, model)]));
  const shared = ({ name, durationMs }: ModelResult | TestResult) => ({
    unique_id: idOf.get(name) ?? name,
    execution_time: seconds(durationMs),
    timing: timing(facts.startedAt.get(name), durationMs),
    thread_id: "Thread-1",
  });
  const models = result.models.map((model) => ({
    ...shared(model),
    status: modelStatus(model),
    message: modelMessage(model),
    failures: null,
    adapter_response: model.rows === null ? {} : { _message: modelMessage(model), rows_affected: model.rows },
    compiled: true,
    compiled_code: compiled.get(model.name) ?? null,
    relation_name: placeOf.get(model.name) ?? null,
  }));
  const tests = result.tests.map((test) => ({
    ...shared(test),
    status: test.status,
    message: test.message ?? null,
    failures: test.status === "skipped" ? null : test.status === "pass" ? 0 : test.failures,
    adapter_response: {},
    compiled: true,
    compiled_code: test.compiledSql,
    relation_name: test.storedIn,
  }));
  const { select, exclude, fullRefresh } = facts.options;
  return {
    metadata: metadata("run-results/v6", loaded, facts.at),
    results: [...models, ...tests],
    elapsed_time: seconds(facts.elapsedMs),
    args: {
      ...{ which: "build", invocation_command: "barline build", full_refresh: fullRefresh ?? false },
      ...{ select: select ?? [], exclude: exclude ?? [], published: result.published },
    },
  };
}
