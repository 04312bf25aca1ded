import { provideBarline } from "./load.ts";
import type { ToStrategyWorker } from "./messages.ts";
import { createStrategyRuntime } from "./worker-runtime.ts";

declare const self: Worker;

/** What a Bun worker of one strategy of the workspace runs: it only forwards. */
provideBarline();
const answer = createStrategyRuntime();
self.onmessage = async ({ data }: MessageEvent<ToStrategyWorker>) => self.postMessage(await answer(data));
