import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { PipelineObserver } from "../../jobs/observe.ts";
import type { TryEnd } from "../../jobs/orchestrator/observer.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { callBuckets, prefix, runBuckets, taskBuckets, waitBuckets } from "./names.ts";

/** Metrics of what this process did for the pipeline since it began; several processes are to be summed. */
export function createPipelineMetrics(registry: Registry): PipelineObserver {
  const registers = [registry];
  const runs = new Histogram({
    name: `${prefix}run_duration_seconds`,
    help: "Duration of runs whose last task ended in this process.",
    labelNames: ["job", "state"],
    ...{ buckets: runBuckets, registers },
  });
  const tries = new Counter({
    name: `${prefix}task_tries_total`,
    help: "Tries of tasks and batches by how they ended: success, retry, failed, lost or cancelled.",
    labelNames: ["job", "task", "outcome"],
    registers,
  });
  const tasks = new Histogram({
    name: `${prefix}task_duration_seconds`,
    help: "Duration of tries of tasks and batches.",
    labelNames: ["job", "task", "outcome"],
    ...{ buckets: taskBuckets, registers },
  });
  const batches = new Gauge({
    name: `${prefix}worker_batches_running`,
    help: "Batches that run in this process's workers now.",
    registers,
  });
  const capacity = new Gauge({
    name: `${prefix}worker_batches_capacity`,
    help: "Batches that this process's workers can run at once.",
    registers,
  });
  const calls = createCallMetrics(registry);
  const count = createRowCounter(registry);
  return {
    ...calls,
    runEnded: ({ jobId, state, seconds }) => runs.observe({ job: jobId, state }, seconds),
    tryEnded(end) {
      const labels = { job: end.jobId, task: end.task, outcome: end.outcome };
      tries.inc(labels);
      tasks.observe(labels, end.seconds);
      count(end);
    },
    batches(running, most) {
      batches.set(running);
      capacity.set(most);
    },
  };
}

function createCallMetrics(registry: Registry): Pick<PipelineObserver, "apiCalled" | "waited"> {
  const registers = [registry];
  const calls = new Counter({
    name: `${prefix}api_calls_total`,
    help: "Calls to the market API by how they ended; each try counts.",
    labelNames: ["endpoint", "outcome"],
    registers,
  });
  const latency = new Histogram({
    name: `${prefix}api_call_duration_seconds`,
    help: "Duration of calls to the market API, to the last byte and without the wait for the rate limit.",
    labelNames: ["endpoint", "outcome"],
    ...{ buckets: callBuckets, registers },
  });
  const waits = new Histogram({
    name: `${prefix}rate_limit_wait_seconds`,
    help: "How long calls waited for their turn under the rate limit.",
    ...{ buckets: waitBuckets, registers },
  });
  return {
    apiCalled({ endpoint, outcome, seconds }) {
      calls.inc({ endpoint, outcome });
      latency.observe({ endpoint, outcome }, seconds);
    },
    waited: (seconds) => waits.observe(seconds),
  };
}

/** Rows by what became of them, as the load's merge counts them in its output. */
function createRowCounter(registry: Registry): (end: TryEnd) => void {
  const rows = new Counter({
    name: `${prefix}rows_loaded_total`,
    help: "Rows of market data that passed their checks and were merged, changed or not.",
    registers: [registry],
  });
  const rejects = new Counter({
    name: `${prefix}rows_rejected_total`,
    help: "Rows of market data that failed a check and were kept apart.",
    registers: [registry],
  });
  return ({ jobId, task, outcome, output }) => {
    if (jobId !== jobIds.load || task !== "merge" || outcome !== "success") return;
    rows.inc(numberIn(output, "rows"));
    rejects.inc(numberIn(output, "rejected"));
  };
}

function numberIn(output: unknown, name: string): number {
  const value: unknown = typeof output === "object" && output !== null ? Reflect.get(output, name) : 0;
  return typeof value === "number" && value >= 0 ? value : 0;
}
