import { expect, test } from "bun:test";
import { createTestDatabase } from "../../support/database.ts";
import { createTestApp } from "../support.ts";

const app = createTestApp();

test("patterns mean the same to every engine: no flags, no classes of Unicode, nothing that looks around", async () => {
  const document = await (await app.get("/api/openapi.json")).text();
  const patterns = [...document.matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(
    ([, text]) => JSON.parse(text ?? "") as string,
  );
  expect(patterns.length).toBeGreaterThan(20);
  for (const pattern of new Set(patterns)) {
    expect(pattern).not.toMatch(/\\[pP]\{|\(\?[=!<]|\\[ux]\{|\[\^?[^\]]*&&/);
    expect(new RegExp(pattern).flags + new RegExp(pattern, "u").source).toBe(`${pattern}`);
  }
});

test("the path of one call is none of another, whatever the method", async () => {
  const database = await createTestDatabase();
  const asked = createTestApp({ read: database.sql });
  for (const method of ["PATCH", "DELETE", "POST"]) {
    const response = await asked.send(method, "/api/scenarios/compare", {});
    expect({ method, status: response.status, allowed: response.headers.get("Allow") }).toEqual({
      method,
      status: 405,
      allowed: "GET, HEAD",
    });
  }
  expect((await asked.get("/api/scenarios/compare?ids=1,2")).status).toBe(404);
  await database.drop();
});
