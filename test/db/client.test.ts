import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, createServer, type Server } from "node:net";
import { openPool } from "../../db/client.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
let server: Server;
/** What becomes of the connection once it asks which types are arrays; held, the question is not passed on, and gets no answer. */
let onTypesAsked: (cut: () => void) => "hold" | undefined;
beforeAll(async () => {
  database = await createTestDatabase();
  server = createServer((socket) => {
    const target = connect(Number(new URL(database.url).port), "127.0.0.1");
    const cut = () => {
      socket.destroy();
      target.destroy();
    };
    for (const end of [socket, target]) end.on("error", cut).on("close", cut);
    socket.on("data", (bytes) => {
      if (bytes.includes("from pg_catalog.pg_type") && onTypesAsked(cut) === "hold") return;
      target.write(bytes);
    });
    target.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await database.drop();
});

function openThrough(): ReturnType<typeof openPool> {
  const url = new URL(database.url);
  const address = server.address();
  url.port = String(typeof address === "object" && address ? address.port : 0);
  return openPool(url.href, "work", { max: 1 });
}

// A promise that fails and that nobody can wait for fails the test by itself; it would end a worker.

test("a connection that is lost while it opens is opened again, and fails nothing", async () => {
  let cuts = 0;
  onTypesAsked = (cut) => {
    if (++cuts === 1) cut();
    return undefined;
  };
  const pool = openThrough();
  expect([...(await pool`select ${["a"]}::text[] as list`)]).toEqual([{ list: ["a"] }]);
  expect(cuts).toBe(2);
  await pool.end();
});

test("a pool that is ended while it opens a connection fails what waits for it, and nothing else", async () => {
  const pool = openThrough();
  onTypesAsked = () => {
    void pool.end({ timeout: 0 });
    return "hold";
  };
  const error = await pool`select 1`.then(
    () => undefined,
    (thrown: { code?: string }) => thrown.code,
  );
  expect(error).toBe("CONNECTION_DESTROYED");
  await pool.end();
});
