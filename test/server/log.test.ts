import { describe, expect, test } from "bun:test";
import { readConfig } from "../../server/config.ts";
import { configSecrets, createLogger } from "../../server/log.ts";

function capture(options: { pretty?: boolean; secrets?: string[]; level?: "debug" | "info" } = {}) {
  const lines: string[] = [];
  const { pretty = false, secrets = [], level = "info" } = options;
  return { lines, log: createLogger({ level, pretty, secrets, write: (line) => lines.push(line) }) };
}

describe("createLogger", () => {
  test("writes one JSON line a message, with fields beside it", () => {
    const { lines, log } = capture();
    log.info({ run: 4, durationMs: 12.5 }, "run ended");
    log.debug("too quiet to be seen");
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: "info", msg: "run ended", run: 4, durationMs: 12.5 });
  });

  test("keeps an error's message, stack and cause", () => {
    const { lines, log } = capture();
    log.error({ error: new Error("outer", { cause: new Error("inner") }) }, "failed");
    const { error } = JSON.parse(lines[0] ?? "");
    expect(error.stack).toContain("outer");
    expect(error.cause.message).toBe("inner");
  });

  test("keeps what tells more in an error, and leaves out what hangs on it", () => {
    const { lines, log } = capture();
    const error = Object.assign(new Error("refused"), {
      code: "23505",
      detail: "Key exists.",
      socket: { token: "abcd" },
    });
    Object.assign(error.socket, { self: error });
    error.cause = error;
    log.error({ error }, "failed");
    expect(lines[0]).not.toContain("abcd");
    expect(JSON.parse(lines[0] ?? "").error).toMatchObject({
      message: "refused",
      code: "23505",
      detail: "Key exists.",
    });
  });

  test.each([false, true])("keeps every part of an aggregate (pretty: %p)", (pretty) => {
    const { lines, log } = capture({ pretty });
    log.error({ error: new AggregateError([new Error("first"), { toString: () => "second" }], "both") }, "failed");
    for (const word of ["both", "first", "second"]) expect(lines[0]).toContain(word);
  });

  test("blanks secret fields by name", () => {
    const { lines, log } = capture();
    log.info(
      { apiKey: "abcd", headers: { authorization: "Bearer abcd" }, request: { body: { password: "abcd" } } },
      "x",
    );
    expect(lines[0]).not.toContain("abcd");
  });

  test.each([false, true])("blanks a configured secret wherever it occurs (pretty: %p)", (pretty) => {
    const { lines, log } = capture({ pretty, secrets: ['quo"ted-secret', "plain-secret"] });
    log.info({ url: "https://x/?key=plain-secret" }, 'said quo"ted-secret');
    log.error({ error: new Error("wrong key plain-secret") }, "failed");
    expect(lines).toHaveLength(2);
    expect(lines.join("")).not.toContain("plain-secret");
    expect(lines.join("")).not.toContain("ted-secret");
    expect(lines.join("")).toContain("[secret]");
  });

  test("writes a compact line for a terminal, without foreign control characters", () => {
    const { lines, log } = capture({ pretty: true });
    log.info({ path: "/runs", note: "two words", durationMs: 12.345 }, "request \x1b[2J");
    const line = lines[0] ?? "";
    expect(line).toContain('path=/runs note="two words" 12.3 ms');
    expect(line).not.toContain("\x1b[2J");
    expect(line).toEndWith("\n");
    log.error({ error: new Error("outer", { cause: new Error("inner") }) }, "failed");
    expect(lines[1]).toContain("    Error: outer\n");
    expect(lines[1]).toContain("    Error: inner\n");
  });
});

describe("configSecrets", () => {
  test("lists every secret of the configuration, the password inside the database's URL too", () => {
    const config = readConfig(
      {
        ADMIN_PASSWORD: "admin-secret",
        DATABASE_URL: "postgres://me:p%40ssword@db/x",
        POLYGON_API_KEY: "polygon-secret",
        S3_ACCESS_KEY_ID: "id",
        S3_SECRET_ACCESS_KEY: "s3-secret",
      },
      new Date("2026-01-05"),
    );
    expect(configSecrets(config).sort()).toEqual(
      ["admin-secret", "p%40ssword", "p@ssword", "polygon-secret", "postgres://me:p%40ssword@db/x", "s3-secret"].sort(),
    );
  });
});
