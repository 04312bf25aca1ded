/**
 * Lets QuantStats and empyrical measure the golden curves again: `bun run tear-sheets`, with a `python3` that has quantstats 0.0.86
 * and empyrical-reloaded 0.7.1.
 */
import { join } from "node:path";
import { $ } from "bun";
import { goldenCurves, rollingStep } from "./curves.ts";

const asked = JSON.stringify({ rollingStep, curves: goldenCurves() });
const measured = await $`python3 record.py < ${new Response(asked)}`.cwd(import.meta.dir).text();
await Bun.write(join(import.meta.dir, "measured.json"), measured);
