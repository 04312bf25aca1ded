import { setDefaultTimeout } from "bun:test";
import fc from "fast-check";

/**
 * The limit of every test and hook that names none: what starts processes or a database on a busy two-core machine needs
 * more than Bun's five seconds.
 */
const limitMs = 60_000;

// Bun keeps a default for one file only and runs this one once, so it is set in each file of tests as it is loaded; on
// the file's own first line, that lines keep their numbers. (oven-sh/bun#43787 would have it kept here.)
setDefaultTimeout(limitMs);
Bun.plugin({
  name: "default limit of tests",
  setup: (build) => {
    build.onLoad({ filter: /[\\/]test[\\/].*\.test\.ts$/ }, async ({ path }) => {
      const head = `import { setDefaultTimeout as setLimit } from "bun:test"; setLimit(${limitMs}); `;
      return { contents: head + (await Bun.file(path).text()), loader: "ts" };
    });
  },
});

// The same cases each time: what a change is judged by must not be chance. The soak draws others, and names the seed of one
// that fails.
if (!process.env.SOAK) fc.configureGlobal({ seed: 20_201_117 });
