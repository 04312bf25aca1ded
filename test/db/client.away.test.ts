import { afterEach, expect, test } from "bun:test";
import { connect, createServer, type Server, type Socket } from "node:net";
import { openPool } from "../../db/client.ts";
import { createTestDatabase } from "../support/database.ts";

let server: Server;
let accepted = 0;
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

/** A server of a few lines on a free port; answers the URL's part of it. */
async function listen(serve: (socket: Socket) => void): Promise<string> {
  accepted = 0;
  server = createServer((socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return `127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}

const codeOf = (query: PromiseLike<unknown>) =>
  query.then(
    () => "answered",
    (error: { code?: string }) => error.code,
  );

test("a port that accepts and closes fails each query after one or two attempts, ever slower", async () => {
  const at = await listen((socket) => socket.destroy());
  const sql = openPool(`postgres://me:pw@${at}/db?sslmode=disable`, "work", { max: 1 });
  for (let query = 0; query < 6; query += 1) expect(await codeOf(sql`select 1`)).toStartWith("CONNECTION_");
  // One more attempt for the first, which may have met a server that just came.
  expect(accepted).toBe(7);
  await sql.end({ timeout: 0 });
});

test("as does one that hangs up once it was greeted, with TLS asked for and without", async () => {
  for (const mode of ["disable", "prefer", "require"]) {
    const at = await listen((socket) => socket.once("data", () => socket.end()));
    const sql = openPool(`postgres://me:pw@${at}/db?sslmode=${mode}`, "work", { max: 1 });
    expect(await codeOf(sql`select 1`)).toStartWith("CONNECTION_");
    expect(await codeOf(sql`select 1`)).toStartWith("CONNECTION_");
    expect(accepted).toBe(3);
    await sql.end({ timeout: 0 });
    await new Promise((resolve) => server.close(resolve));
  }
  server = createServer();
});

test("many that wait share the outage: none hangs", async () => {
  const at = await listen((socket) => socket.destroy());
  const sql = openPool(`postgres://me:pw@${at}/db?sslmode=disable`, "read");
  const codes = await Promise.all(Array.from({ length: 30 }, () => codeOf(sql`select 1`)));
  expect(new Set(codes)).toEqual(new Set(["CONNECTION_CLOSED"]));
  await sql.end({ timeout: 0 });
});

test("who waits to reserve a connection is refused, and the next one gets it", async () => {
  let away = true;
  const database = await createTestDatabase();
  const target = new URL(database.url);
  const serverPort = Number(target.port);
  const at = await listen((socket) => {
    if (away) return void socket.destroy();
    const upstream = connect(serverPort, "127.0.0.1");
    upstream.on("error", () => {}).on("close", () => socket.destroy());
    upstream.on("data", (bytes) => void socket.write(bytes));
    socket.on("close", () => upstream.destroy()).on("data", (bytes) => void upstream.write(bytes));
  });
  const [host = "", port = ""] = at.split(":");
  target.hostname = host;
  target.port = port;
  const sql = openPool(target.href, "work", { max: 1 });
  expect(await codeOf(sql.reserve())).toBe("CONNECTION_CLOSED");
  away = false;
  const reserved = await sql.reserve();
  expect([...(await reserved`select 1 as one`)]).toEqual([{ one: 1 }]);
  reserved.release();
  expect([...(await sql`select 2 as two`)]).toEqual([{ two: 2 }]);
  await sql.end();
  await database.drop();
});

test("of several hosts the first that serves is taken, and all that are away fail a query once", async () => {
  const database = await createTestDatabase();
  const { username, password, port, pathname } = new URL(database.url);
  const closing = await listen((socket) => socket.destroy());
  const login = `postgres://${username}:${password}@`;
  const some = openPool(`${login}127.0.0.1:1,${closing},127.0.0.1:${port}${pathname}?sslmode=disable`, "work", {
    max: 1,
  });
  expect([...(await some`select 1 as one`)]).toEqual([{ one: 1 }]);
  expect(accepted).toBe(1);
  const none = openPool(`${login}127.0.0.1:1,${closing}${pathname}?sslmode=disable`, "work", { max: 1 });
  expect(await codeOf(none`select 1`)).toBe("CONNECTION_CLOSED");
  expect(accepted).toBe(2);
  await Promise.all([some.end(), none.end({ timeout: 0 })]);
  await database.drop();
});
