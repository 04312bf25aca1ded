import { setDefaultTimeout } from "bun:test";

// A test that starts processes or a database on a busy two-core machine needs more than the default five seconds.
setDefaultTimeout(60_000);
