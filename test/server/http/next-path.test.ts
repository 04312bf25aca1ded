import { describe, expect, test } from "bun:test";
import { safeNextPath } from "../../../server/http/next-path.ts";

describe("safeNextPath", () => {
  test.each(["/", "/jobs/x", "/runs?state=failed&job=a%20b", "/tickers/BRK.B"])("keeps %s", (path) => {
    expect(safeNextPath(path)).toBe(path);
  });

  test.each([
    "",
    "jobs",
    "//evil.example",
    "/\\evil.example",
    "/.//evil.example",
    "/x/..//evil.example",
    "/%2e//evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/\n/evil.example",
    "/sign-in?next=/sign-in",
    "/sign-out",
    `/${"x".repeat(3000)}`,
  ])("makes %p the overview", (path) => {
    expect(safeNextPath(path)).toBe("/");
  });
});
