import { afterAll, setDefaultTimeout } from "bun:test";
import { stopTestServer } from "./database.ts";

// A test that starts processes or a database on a busy two-core machine needs more than the default five seconds.
setDefaultTimeout(60_000);

afterAll(stopTestServer);
