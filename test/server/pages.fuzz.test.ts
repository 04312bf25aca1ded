import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { hostileTexts } from "./described-requests.ts";
import { openWholeApp, type WholeApp } from "./whole-app.ts";

/** Cases for each route; `bun run test:soak` draws others and more. */
const numRuns = process.env.SOAK ? 300 : 5;
setDefaultTimeout(180_000 + numRuns * 6000);

let app: WholeApp;
let routes: { method: string; path: string }[];
/** What fields of forms are called, and the values that forms offer for them. */
let names: string[];
let values: string[];

beforeAll(async () => {
  app = await openWholeApp();
  routes = app.app.routes.filter(({ method, path }) => method !== "ALL" && !/^\/(api|assets|sign-)/.test(path));
  const pages = routes.filter(({ method }) => method === "GET").map(({ path }) => pathOf(path, ["1"]));
  const html = (await Promise.all(pages.map(async (path) => await bodyOf(await app.get(path))))).join("");
  const found = (attribute: string) =>
    [...html.matchAll(new RegExp(`<(?:input|select|option|textarea|button)[^>]* ${attribute}="([^"]*)"`, "g"))].map(
      ([, text]) => text ?? "",
    );
  names = [...new Set([...found("name"), "page", "before", "after", "year", "q", "sort", "scale", "range", "compare"])];
  values = [...new Set(found("value"))].slice(0, 300);
});
afterAll(() => app.close());

/** A stream goes on for ever; what it is called with is what may break. */
async function bodyOf(response: Response): Promise<string> {
  if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) return await response.text();
  await response.body?.cancel();
  return "";
}

const pathOf = (path: string, parameters: readonly string[]) => {
  let next = 0;
  return path.replaceAll(/:\w+(\{[^}]*\})?\??/g, () =>
    encodeURIComponent((parameters[next++ % parameters.length] ?? "1").toWellFormed()),
  );
};

/** What is sent to a page: as it is linked, or with anything in its address and its form. */
function requests() {
  const text = fc.oneof(
    fc.constantFrom(...values, "TEN", "1", "2020-01-02"),
    fc.constantFrom(...hostileTexts),
    fc.string({ unit: "binary" }),
  );
  const inPath = text.filter((value) => !["", ".", ".."].includes(value));
  const fields = fc.dictionary(fc.constantFrom(...names), text, { maxKeys: 6 });
  return fc.record({
    parameters: fc.oneof(fc.constant(["1"]), fc.array(inPath, { minLength: 2, maxLength: 2 })),
    query: fields,
    form: fields,
    isFragment: fc.boolean(),
  });
}

test("no page breaks at what somebody may send, in its address or in a form", async () => {
  for (const { method, path } of routes) {
    const property = fc.asyncProperty(requests(), async ({ parameters, query, form, isFragment }) => {
      const address = `${pathOf(path, parameters)}?${new URLSearchParams(query)}`;
      const type = { "Content-Type": "application/x-www-form-urlencoded" };
      const headers = { ...type, ...(isFragment && { "HX-Request": "true" }) };
      const body = method === "GET" ? undefined : String(new URLSearchParams(form));
      const response = await app.send(method, address, body, headers);
      await bodyOf(response);
      expect({ method, address, status: response.status, isFault: response.status >= 500 }).toMatchObject({
        isFault: false,
      });
    });
    await fc.assert(property, { numRuns });
  }
  expect(app.logged.filter(({ level }) => level === "error")).toEqual([]);
});
