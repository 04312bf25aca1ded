import { monitorEventLoopDelay } from "node:perf_hooks";
import { Counter, Gauge, type Registry } from "prom-client";
import { prefix } from "./names.ts";

/** How often the event loop is looked at: seldom enough to cost nothing, often enough to meet what holds it up. */
const resolutionMs = 50;

/**
 * Metrics of the process itself under the names that dashboards know. The client's own collection is made for Node: under
 * Bun it would tell a heap of gigabytes. Answers how to end it.
 */
export function createProcessMetrics(registry: Registry, version: string): () => void {
  const registers = [registry];
  new Gauge({
    name: `${prefix}build_info`,
    help: "The running version; always 1.",
    labelNames: ["version", "bun"],
    registers,
  }).set({ version, bun: Bun.version }, 1);
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory, of the workers too.",
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Counter({
    name: "process_cpu_seconds_total",
    help: "User and system CPU time spent.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: "process_start_time_seconds",
    help: "When the process started, in seconds since 1970.",
    registers,
  }).set(Math.round(performance.timeOrigin / 1000));
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  addLag(registry, delay);
  return () => void delay.disable();
}

function addLag(registry: Registry, delay: ReturnType<typeof monitorEventLoopDelay>): void {
  new Gauge({
    name: `${prefix}event_loop_lag_seconds`,
    help: "How late the event loop was since the last scrape: 99th percentile and longest.",
    labelNames: ["stat"],
    registers: [registry],
    collect() {
      const seconds = (nanoseconds: number) => (Number.isFinite(nanoseconds) ? nanoseconds / 1e9 : 0);
      this.set({ stat: "p99" }, seconds(delay.percentile(99)));
      this.set({ stat: "max" }, seconds(delay.max));
      delay.reset();
    },
  });
}
