import { expect, test } from "bun:test";
import pino from "pino";
import { createLifecycle } from "../../server/lifecycle.ts";
import { captureLog, type LogLines } from "../jobs/orchestrator/harness.ts";

/** Later than any test may take: what ends a stop is then never its patience. */
const foreverMs = 600_000;
const log = pino({ level: "silent" });

/** Notes when each close begins and ends, which is turns of the event loop later, as with the real ones. */
function createOrder() {
  const order: string[] = [];
  const close = (name: string) => async () => {
    order.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    order.push(`${name} ends`);
  };
  return { order, close };
}

test("a stop closes what was opened last first, each after the one before has ended", async () => {
  const { order, close } = createOrder();
  const lifecycle = createLifecycle({ log, closePatienceMs: foreverMs });
  for (const what of ["database", "orchestrator", "web"]) lifecycle.onStop(what, close(what));
  await lifecycle.stop();
  expect(order).toEqual([
    "web begins",
    "web ends",
    "orchestrator begins",
    "orchestrator ends",
    "database begins",
    "database ends",
  ]);
});

test("a close that fails, at once or later, is told of and keeps none of the others from running", async () => {
  const lines: LogLines = [];
  const { order, close } = createOrder();
  const lifecycle = createLifecycle({ log: captureLog(lines), closePatienceMs: foreverMs });
  lifecycle.onStop("database", close("database"));
  lifecycle.onStop("rejects", () => Promise.reject(new Error("later")));
  lifecycle.onStop("throws", () => {
    throw new Error("at once");
  });
  lifecycle.onStop("web", close("web"));
  await lifecycle.stop();
  expect(order).toEqual(["web begins", "web ends", "database begins", "database ends"]);
  expect(lines.map(({ level, what }) => [level, what])).toEqual([
    ["warn", "throws"],
    ["warn", "rejects"],
  ]);
});

test("a close that never ends is told of and left when its patience is over, and the others run", async () => {
  const lines: LogLines = [];
  const { order } = createOrder();
  const lifecycle = createLifecycle({ log: captureLog(lines), closePatienceMs: 1 });
  lifecycle.onStop("database", () => void order.push("database"));
  lifecycle.onStop("hangs", () => new Promise<never>(() => {}));
  lifecycle.onStop("web", () => void order.push("web"));
  await lifecycle.stop();
  expect(order).toEqual(["web", "database"]);
  expect(lines.map(({ level, what, msg }) => [level, what, msg])).toEqual([["warn", "hangs", "did not stop in time"]]);
});

test("a second stop closes nothing again, and waits for the first", async () => {
  const { order, close } = createOrder();
  const lifecycle = createLifecycle({ log, closePatienceMs: foreverMs });
  lifecycle.onStop("web", close("web"));
  void lifecycle.stop();
  await lifecycle.stop();
  expect(order).toEqual(["web begins", "web ends"]);
  await lifecycle.stop();
  expect(order).toEqual(["web begins", "web ends"]);
});
