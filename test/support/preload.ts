import { afterAll, setDefaultTimeout } from "bun:test";
import fc from "fast-check";
import { stopTestServer } from "./database.ts";

// A test that starts processes or a database on a busy two-core machine needs more than the default five seconds.
setDefaultTimeout(60_000);

// The same cases each time: what a change is judged by must not be chance. The soak draws others, and names the seed of one
// that fails.
if (!process.env.SOAK) fc.configureGlobal({ seed: 20_201_117 });

afterAll(stopTestServer);
