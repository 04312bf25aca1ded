import { Counter, Histogram, Registry } from "prom-client";
import type { Sql } from "../../db/client.ts";
import type { PipelineObserver } from "../../jobs/observe.ts";
import { prefix, requestBuckets } from "./names.ts";
import { createPipelineMetrics } from "./pipeline.ts";
import { createProcessMetrics } from "./process.ts";
import { createStanding } from "./standing.ts";

/** One answered request; `route` is the pattern that matched, as paths are without number. */
type RequestEnd = { route: string; method: string; status: number; seconds: number };

/** Everything that Prometheus may ask of this process. */
export type Metrics = {
  /** To be told what the pipeline does. */
  observer: PipelineObserver;
  requestEnded(end: RequestEnd): void;
  /** Reads at each scrape how everything stands in the database. */
  watch(database: { read: Sql; jobs: string[]; startDate: string }): void;
  /** The text format, version 0.0.4. */
  text(): Promise<string>;
  contentType: string;
  close(): void;
};

/** Makes the metrics of one process, in a registry of their own. */
export function createMetrics(options: { version: string; now(): Date }): Metrics {
  const registry = new Registry();
  const close = createProcessMetrics(registry, options.version);
  const observer = createPipelineMetrics(registry);
  const requestEnded = createRequestMetrics(registry);
  let read = async () => {};
  return {
    observer,
    requestEnded,
    watch(database) {
      read = createStanding(registry, { ...database, now: options.now }).read;
    },
    async text() {
      await read();
      return await registry.metrics();
    },
    contentType: registry.contentType,
    close,
  };
}

function createRequestMetrics(registry: Registry): (end: RequestEnd) => void {
  const requests = new Counter({
    name: `${prefix}http_requests_total`,
    help: "Requests answered.",
    labelNames: ["route", "method", "status"],
    registers: [registry],
  });
  const duration = new Histogram({
    name: `${prefix}http_request_duration_seconds`,
    help: "Time to the answer's first byte.",
    labelNames: ["route", "method"],
    buckets: requestBuckets,
    registers: [registry],
  });
  return ({ route, method, status, seconds }) => {
    requests.inc({ route, method, status });
    duration.observe({ route, method }, seconds);
  };
}
