import { provideBarline } from "../workspace/load.ts";
import type { FromSweepWorker, ToSweepWorker } from "./messages.ts";
import { createSweepRuntime } from "./worker-runtime.ts";

declare const self: Worker;

/** What a Bun worker of sweeps runs: it only forwards. */
provideBarline();
const receive = createSweepRuntime(
  (message: FromSweepWorker, transfer: ArrayBuffer[]) => self.postMessage(message, transfer),
  () => Bun.gc(true),
);
self.onmessage = (event: MessageEvent<ToSweepWorker>) => void receive(event.data);
