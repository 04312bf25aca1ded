import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPool } from "../../db/client.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../db/embedded.ts";
import { migrateDatabase } from "../../db/migrate.ts";
import { endWithThisProcess } from "../support/server-guard.ts";

const dataDir = mkdtempSync(join(tmpdir(), "barline-roles-"));
const settings = { fsync: "off", shared_buffers: "16MB" };
let server: EmbeddedPostgres;

const secretOf = (file: string) => readFileSync(join(dataDir, file), "utf8").trim();

beforeAll(async () => {
  chmodSync(dataDir, 0o755);
  endWithThisProcess(dataDir);
  server = await startEmbeddedPostgres({ dataDir, settings });
});
afterAll(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

test("Barline and people work as the owner of the database, who is no superuser and reaches no program", async () => {
  const sql = openPool(secretOf("postgres.url"), "work", { max: 1 });
  expect([...(await sql`select rolname, rolsuper from pg_roles where rolname = current_user`)]).toEqual([
    { rolname: "barline_owner", rolsuper: false },
  ]);
  expect(new URL(server.url).username).toBe("barline_owner");
  const refused = await sql`copy (select 1) to program 'true'`.catch((error) => error);
  expect(refused).toMatchObject({ code: "42501" });
  await sql.end();
});

test("passwords are in files that their owner only may read, and the URL's is gone while no server runs", async () => {
  for (const file of ["postgres.url", "postgres.password", "postgres.owner-password"])
    expect(statSync(join(dataDir, file)).mode & 0o777).toBe(0o600);
  await server.stop();
  expect(() => secretOf("postgres.url")).toThrow("ENOENT");
  server = await startEmbeddedPostgres({ dataDir, settings });
});

test("what an earlier version made as superuser is the owner's after a start", async () => {
  const url = new URL(server.url);
  url.username = "barline";
  url.password = secretOf("postgres.password");
  const admin = openPool(url.href, "work", { max: 1 });
  await admin`alter database barline owner to barline`;
  await migrateDatabase(url.href);
  await admin`create table public.old (id bigint generated always as identity primary key, at serial)`;
  await admin`create view public.old_view as select * from public.old`;
  await admin`create sequence public.old_numbers`;
  await admin`create type public.old_kind as enum ('a')`;
  await admin`create function public.old_one() returns int language sql as 'select 1'`;
  await admin.end();
  await server.stop();

  server = await startEmbeddedPostgres({ dataDir, settings });
  const { asReader } = await migrateDatabase(server.url);
  expect(asReader).toBe(true);
  const sql = openPool(server.url, "work", { max: 1 });
  const left = await sql`
    select relname::text as name from pg_class where relowner = 'barline'::regrole and relnamespace::regnamespace::text in ('public', 'barline', 'drizzle')
      and relkind in ('r', 'v', 'S')`;
  expect([...left]).toEqual([]);
  await sql`drop view public.old_view`;
  await sql`drop table public.old`;
  await sql`drop sequence public.old_numbers`;
  await sql`drop type public.old_kind`;
  await sql`drop function public.old_one()`;
  await sql.end();
});

/** What a server asks for once it was told who comes, and whether it then lets them in anyway. */
const ways = {
  "the password in plain": [Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3])],
  "its MD5": [Buffer.from([0x52, 0, 0, 0, 12, 0, 0, 0, 5, 1, 2, 3, 4])],
  nothing: [Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]), Buffer.from([0x5a, 0, 0, 0, 5, 0x49])],
};

test.each(Object.entries(ways))(
  "a stranger on its port who asks for %s hears neither password nor SQL",
  async (_, messages) => {
    const heard: Buffer[] = [];
    const sockets: Socket[] = [];
    const stranger: Server = createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => {});
      socket.on("data", (bytes) => {
        heard.push(Buffer.from(bytes));
        if (heard.length === 1) socket.write(Buffer.concat(messages));
      });
    });
    await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
    const address = stranger.address();
    const url = new URL(server.url);
    url.port = String(typeof address === "object" ? address?.port : 0);
    const sql = openPool(url.href, "work", { max: 1 });
    const error = await sql`select 'a secret of ours'`.catch((thrown) => thrown);
    await sql.end({ timeout: 0 });
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => stranger.close(resolve));
    expect(error).toMatchObject({ code: "CONNECTION_UNTRUSTED" });
    const text = Buffer.concat(heard).toString("latin1");
    expect(text).toContain("barline_owner");
    expect(text).not.toContain(secretOf("postgres.owner-password"));
    expect(text).not.toContain("md5");
    expect(text).not.toContain("select");
  },
);
