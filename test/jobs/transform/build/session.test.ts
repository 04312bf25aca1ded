import { expect, test } from "bun:test";
import { classify } from "../../../../jobs/transform/build/session.ts";

const databaseError = (code: string) => Object.assign(new Error(code), { code });

test.each([
  // A server that starts again may be away for longer than any number of tries.
  ["CONNECT_TIMEOUT", true],
  ["CONNECTION_CLOSED", true],
  // A statement that the server stopped may be at fault itself.
  ["57014", false],
])("a build that ends with %s is tried again, and counts as a try unless the database was away", (code, outage) => {
  expect(classify(databaseError(code), undefined)).toMatchObject({ name: "RetryableError", outage });
});
