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

test("its server lets in nobody without SCRAM, the superuser neither, and is reached by no other way than loopback", async () => {
  const url = new URL(server.url);
  url.username = "barline";
  url.password = secretOf("postgres.password");
  const admin = openPool(url.href, "work", { max: 1 });
  expect([...(await admin`select distinct auth_method from pg_hba_file_rules`)]).toEqual([
    { auth_method: "scram-sha-256" },
  ]);
  const weaker = await admin`
    select rolname from pg_authid where rolcanlogin and coalesce(rolpassword, '') not like 'SCRAM-SHA-256$%'`;
  expect([...weaker]).toEqual([]);
  const ways = await admin`
    select name, setting from pg_settings where name in ('listen_addresses', 'unix_socket_directories') order by name`;
  expect([...ways]).toEqual([
    { name: "listen_addresses", setting: "127.0.0.1" },
    { name: "unix_socket_directories", setting: "" },
  ]);
  await admin.end();
  for (const name of ["barline", "barline_owner"]) {
    const other = new URL(server.url);
    [other.username, other.password] = [name, "guessed"];
    const sql = openPool(other.href, "work", { max: 1 });
    expect(await sql`select 1`.catch((error) => error)).toMatchObject({ code: "28P01" });
    await sql.end();
  }
});

/** A message about authentication, as a server sends it. */
function authentication(type: number, text = ""): Buffer {
  const head = Buffer.from([0x52, 0, 0, 0, 8 + text.length, 0, 0, 0, type]);
  return Buffer.concat([head, Buffer.from(text, "latin1")]);
}
const letIn = Buffer.concat([authentication(0), Buffer.from([0x5a, 0, 0, 0, 5, 0x49])]);
const askForScram = authentication(10, "SCRAM-SHA-256\0\0");
const nonceOf = (heard: string) => /r=([^,]+)/.exec(heard)?.[1] ?? "";
const goOn = (nonce: string) => authentication(11, `r=${nonce},s=${btoa("a salt of ours")},i=4096`);
const untrusted = "CONNECTION_UNTRUSTED";

/** What a stranger answers, one message of the client's after the other, given all that was heard; and with which error he is left. */
const strangers: [what: string, error: string, answers: ((heard: string) => Buffer)[]][] = [
  ["asks for the password in plain", untrusted, [() => authentication(3)]],
  ["asks for its MD5", untrusted, [() => authentication(5, "\x01\x02\x03\x04")]],
  ["asks for nothing", untrusted, [() => letIn]],
  ["begins with SCRAM and then asks for nothing", untrusted, [() => askForScram, () => letIn]],
  ["begins with SCRAM and then asks for the password", untrusted, [() => askForScram, () => authentication(3)]],
  ["goes on with another exchange", "SASL_NONCE_MISMATCH", [() => askForScram, () => goOn("another")]],
  [
    "cannot prove to know the password",
    "SASL_SIGNATURE_MISMATCH",
    [
      () => askForScram,
      (heard) => goOn(`${nonceOf(heard)}more`),
      () => Buffer.concat([authentication(12, `v=${btoa("a guess")}`), letIn]),
    ],
  ],
  ["proves nothing and lets in", untrusted, [() => askForScram, (heard) => goOn(`${nonceOf(heard)}more`), () => letIn]],
];

test.each(strangers)("a stranger on its port who %s hears neither password nor SQL", async (_, code, answers) => {
  let heard = "";
  let step = 0;
  const sockets: Socket[] = [];
  const stranger: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      heard += bytes.toString("latin1");
      const answer = answers[step++];
      if (answer) socket.write(answer(heard));
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
  expect(error).toMatchObject({ code });
  expect(heard).toContain("barline_owner");
  expect(heard).not.toContain(secretOf("postgres.owner-password"));
  expect(heard).not.toContain("md5");
  expect(heard).not.toContain("select");
});
