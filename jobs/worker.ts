import { createHandlers } from "./handlers.ts";
import type { FromWorker, ToWorker } from "./orchestrator/messages.ts";
import { createWorkerRuntime } from "./orchestrator/worker-runtime.ts";

declare const self: Worker;

/** What a Bun worker runs: it only forwards. */
const receive = createWorkerRuntime(createHandlers, (message: FromWorker) => self.postMessage(message));
self.onmessage = (event: MessageEvent<ToWorker>) => receive(event.data);
