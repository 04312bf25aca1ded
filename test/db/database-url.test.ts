import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPool } from "../../db/client.ts";
import { parseDatabaseUrl } from "../../db/database-url.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../db/embedded.ts";
import { createTestDatabase } from "../support/database.ts";
import { endWithThisProcess } from "../support/server-guard.ts";

const local = { host: ["db"], port: [5432], user: "me", pass: "pw", database: "bars", ssl: "prefer" as const };
const at = (query: string) => `postgres://me:pw@db/bars?${query}`;

describe("a URL", () => {
  test.each<[string, string, object]>([
    ["a host alone", "postgres://db", { host: ["db"], port: [5432], ssl: "prefer" }],
    ["nothing at all", "postgresql://", { host: ["localhost"], port: [5432], ssl: "prefer" }],
    ["login, port and database", "postgres://me:pw@db:5433/bars", { ...local, port: [5433] }],
    ["signs in a password", "postgres://me:p%40%3A%2F%25+w@db/bars", { ...local, pass: "p@:/%+w" }],
    ["IPv6", "postgres://me:pw@[::1]:5433/bars", { ...local, host: ["::1"], port: [5433] }],
    ["several hosts", "postgres://me:pw@a:1,b,[::2]:3/bars", { ...local, host: ["a", "b", "::2"], port: [1, 5432, 3] }],
    [
      "hosts and ports as parameters",
      "postgres://me:pw@/bars?host=a,b&port=1,2",
      { ...local, host: ["a", "b"], port: [1, 2] },
    ],
    [
      "one port of several hosts",
      "postgres://me:pw@/bars?host=a,b&port=7",
      { ...local, host: ["a", "b"], port: [7, 7] },
    ],
    ["login and database as parameters", "postgres://db?user=me&password=pw&dbname=bars", local],
    [
      "a socket's folder as host",
      "postgres://me:pw@/bars?host=/var/run/postgresql&port=6432",
      { ...local, host: ["localhost"], port: [6432], path: "/var/run/postgresql/.s.PGSQL.6432", ssl: false },
    ],
    [
      "a socket's folder in the host's place",
      "postgres://me:pw@%2Ftmp/bars",
      { ...local, host: ["localhost"], path: "/tmp/.s.PGSQL.5432", ssl: false },
    ],
  ])("with %s is read as libpq reads it", (_, url, target) => {
    expect(parseDatabaseUrl(url)).toEqual(target as ReturnType<typeof parseDatabaseUrl>);
  });

  test.each<[string, object]>([
    ["sslmode=disable", { ssl: false }],
    ["sslmode=allow", { ssl: "prefer" }],
    ["sslmode=prefer", { ssl: "prefer" }],
    ["ssl=true", { ssl: { rejectUnauthorized: false } }],
    ["ssl=false", { ssl: false }],
    ["sslmode=require", { ssl: { rejectUnauthorized: false } }],
    ["sslmode=verify-full", { ssl: { rejectUnauthorized: true, checkServerIdentity: expect.any(Function) } }],
    ["sslrootcert=system", { ssl: { rejectUnauthorized: true, checkServerIdentity: expect.any(Function) } }],
    // What it protects from is what a checked certificate protects from.
    [
      "sslmode=require&channel_binding=require",
      { ssl: { rejectUnauthorized: true, checkServerIdentity: expect.any(Function) } },
    ],
    ["channel_binding=prefer&gssencmode=disable&client_encoding=UTF8", {}],
    ["sslmode=require&sslnegotiation=direct", { ssl: { rejectUnauthorized: false }, sslnegotiation: "direct" }],
    ["keepalives=0", { keepAliveSeconds: 0 }],
    ["keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=5", { keepAliveSeconds: 30 }],
    ["tcp_user_timeout=1000&load_balance_hosts=random&fallback_application_name=x", {}],
    ["pgbouncer=true&connection_limit=5&pool_timeout=10", {}],
    ["connect_timeout=10", { connectTimeoutSeconds: 10 }],
    ["application_name=desk", { applicationName: "desk" }],
    ["options=-c%20geqo%3Doff", { options: "-c geqo=off" }],
    ["target_session_attrs=any", {}],
    ["target_session_attrs=read-write", { targetSessionAttrs: "read-write" }],
    ["target_session_attrs=primary", { targetSessionAttrs: "primary" }],
    ["require_auth=scram-sha-256,md5", { requireAuth: ["scram-sha-256", "md5"] }],
    ["require_auth=!password,!none", { requireAuth: ["md5", "scram-sha-256"] }],
    ["sslmode=", {}],
  ])("with %s means that", (query, more) => {
    expect(parseDatabaseUrl(at(query))).toEqual({ ...local, ...more } as ReturnType<typeof parseDatabaseUrl>);
  });

  test.each<[string, string]>([
    ["sslmode=verify", "sslmode is none of disable, allow, prefer, require, verify-ca, verify-full"],
    ["sslmode=no-verify", "sslmode is none of"],
    ["sslmode=require&sslrootcert=system", "sslrootcert=system wants sslmode=verify-full"],
    [
      "sslmode=verify-full&sslrootcert=/nonexistent.pem",
      "sslrootcert names a file that cannot be read, /nonexistent.pem",
    ],
    ["sslmode=disable&channel_binding=require", "channel_binding=require wants TLS"],
    ["target_session_attrs=standby", "target_session_attrs is none of any, read-write, primary"],
    ["gssencmode=require", "gssencmode is none of disable, prefer"],
    ["replication=database", "replication is none of"],
    ["client_encoding=LATIN1", "client_encoding is none of"],
    ["connect_timeout=soon", "connect_timeout is no whole number of seconds"],
    ["port=99999", "port is no whole number from 1 to 65535"],
    ["host=/tmp,db", "host has a socket's folder among several hosts"],
    ["service=prod", "the parameter service is not supported; leave it out"],
    ["sslcrl=/x", "the parameter sslcrl is not supported"],
    ["shcema=public", "the parameter shcema is not supported"],
    ["application_name=%", "it has a % that begins no character"],
  ])("with %s is refused by name", (query, message) => {
    expect(() => parseDatabaseUrl(at(query))).toThrow(message);
  });
});

test.each(["u:p@ss@h/db", "u:pa/ss@h/db", "u:p?ss@h/db", "u:p@ /db", "h:1:2/db"])(
  "%s, which names no host, is refused, and what is left of a password is not repeated",
  (rest) => {
    const read = () => parseDatabaseUrl(`postgres://${rest}`);
    expect(read).toThrow("a host of it cannot be read; in a user's name or password write %40 for @");
    expect(read).not.toThrow("ss@h");
  },
);

describe("a server with a certificate", () => {
  const folder = mkdtempSync(join(tmpdir(), "barline-tls-"));
  const [certificate, key, other] = ["server.crt", "server.key", "other.crt"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  let server: EmbeddedPostgres;

  const makeCertificate = (name: string, file: string, keyFile: string) => {
    const made = Bun.spawnSync([
      ...["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`],
      ...["-addext", `subjectAltName=DNS:${name}`, "-keyout", keyFile, "-out", file],
    ]);
    if (made.exitCode !== 0) throw new Error(made.stderr.toString());
  };

  beforeAll(async () => {
    chmodSync(folder, 0o755);
    endWithThisProcess(folder);
    makeCertificate("localhost", certificate, key);
    makeCertificate("localhost", other, join(folder, "other.key"));
    server = await startEmbeddedPostgres({ dataDir: folder, settings: { fsync: "off", shared_buffers: "16MB" } });
    await server.stop();
    // PostgreSQL wants its key to be its own, and nobody else's to read.
    const { uid, gid } = statSync(join(folder, "postgres"));
    chownSync(key, uid, gid);
    chmodSync(key, 0o600);
    const settings = { fsync: "off", shared_buffers: "16MB", ssl: "on", ssl_cert_file: certificate, ssl_key_file: key };
    server = await startEmbeddedPostgres({ dataDir: folder, settings });
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Whether the connection that such a URL makes is encrypted, or why there is none. */
  async function ask(query: string, host = "localhost"): Promise<boolean | string> {
    const { username, password, port } = new URL(server.url);
    const sql = openPool(`postgres://${username}:${password}@${host}:${port}/barline?${query}`, "work", { max: 1 });
    try {
      const [row] = await sql<{ ssl: boolean }[]>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`;
      return row?.ssl ?? "no row";
    } catch (error) {
      return error instanceof Error && "code" in error ? String(error.code) : String(error);
    } finally {
      await sql.end({ timeout: 1 });
    }
  }

  test.each<[string, boolean]>([
    ["", true],
    ["sslmode=disable", false],
    ["sslmode=allow", true],
    ["sslmode=prefer", true],
    ["sslmode=require", true],
    [`sslmode=require&sslrootcert=${certificate}`, true],
    [`sslmode=verify-ca&sslrootcert=${certificate}`, true],
    [`sslmode=verify-full&sslrootcert=${certificate}`, true],
    [`sslmode=require&channel_binding=require&sslrootcert=${certificate}`, true],
  ])("is spoken to as %p says", async (query, isEncrypted) => {
    expect(await ask(query)).toBe(isEncrypted);
  });

  test.each([
    `sslmode=require&sslrootcert=${other}`,
    `sslmode=verify-ca&sslrootcert=${other}`,
    `sslmode=verify-full&sslrootcert=${other}`,
    "sslmode=verify-ca",
    "sslmode=verify-full",
    "channel_binding=require",
    "sslrootcert=system",
  ])("is not believed with %s, as nobody vouches for it", async (query) => {
    expect(await ask(query)).toMatch(/CERT|SELF_SIGNED|VERIFY/);
  });

  test("has to have the name that it was asked by, with verify-full and not with verify-ca", async () => {
    expect(await ask(`sslmode=verify-full&sslrootcert=${certificate}`, "127.0.0.1")).toBe(
      "ERR_TLS_CERT_ALTNAME_INVALID",
    );
    expect(await ask(`sslmode=verify-ca&sslrootcert=${certificate}`, "127.0.0.1")).toBe(true);
  });
});

test("a server without TLS is refused where sslmode asks for it, and taken where it prefers it", async () => {
  const database = await createTestDatabase();
  for (const [mode, expected] of [
    ["require", "TLS_NOT_OFFERED"],
    ["verify-full", "TLS_NOT_OFFERED"],
    ["prefer", "yes"],
  ]) {
    const sql = openPool(`${database.url}?sslmode=${mode}`, "work", { max: 1 });
    const outcome = await sql`select 1`.then(
      () => "yes",
      (error: { code?: string }) => error.code,
    );
    expect(outcome).toBe(expected);
    await sql.end({ timeout: 0 });
  }
  await database.drop();
});

test("names of connections begin as application_name says, and options reach the server", async () => {
  const database = await createTestDatabase();
  const sql = openPool(`${database.url}?application_name=desk&options=-c%20geqo%3Doff`, "state", { max: 1 });
  const [row] = await sql`select current_setting('application_name') as name, current_setting('geqo') as geqo`;
  expect(row).toEqual({ name: "desk state", geqo: "off" });
  await sql.end();
  await database.drop();
});
