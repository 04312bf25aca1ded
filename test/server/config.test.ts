import { describe, expect, test } from "bun:test";
import { ConfigError, isLoopback, readConfig } from "../../server/config.ts";

const now = new Date("2026-11-23T12:00:00Z");
const read = (environment: Record<string, string | undefined> = {}) => readConfig(environment, now);

function messageOf(environment: Record<string, string>): string {
  try {
    read(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error(`accepted ${JSON.stringify(environment)}`);
}

describe("readConfig", () => {
  test("needs no variable: loopback, embedded database, folder lake, demo exchange", () => {
    const config = read();
    expect(config).toEqual({
      host: "127.0.0.1",
      port: 3000,
      trustedProxies: [],
      adminPassword: null,
      viewerPassword: null,
      dataDir: "./data",
      databaseUrl: null,
      s3: null,
      bucket: "test",
      market: {
        source: "demo",
        apiKey: null,
        baseUrl: "https://api.massive.com",
        callsPerMinute: null,
        maxAnswerMegabytes: 200,
      },
      universe: "all",
      startDate: "2026-01-01",
      catchup: "all",
      recheckSessions: 5,
      sqlForViewers: false,
      workspaceDir: "data/workspace",
      workspaceModelSeconds: 600,
      exportMode: null,
      workers: config.workers,
      distribute: null,
      distributeShards: null,
      roles: ["web", "schedule", "work", "sweep"],
      logLevel: "info",
      proxies: { http: null, https: null, direct: [] },
      alerts: { webhookUrl: null, email: null, publicUrl: null, staleAfterHours: 4 },
      dbtEnvironment: {},
    });
    expect(config.workers).toBeGreaterThan(0);
  });

  test("takes every variable", () => {
    const config = read({
      HOST: "0.0.0.0",
      PORT: "8080",
      ADMIN_PASSWORD: "long enough ",
      VIEWER_PASSWORD: " for viewers",
      TRUSTED_PROXIES: "127.0.0.1, 10.0.0.0/8,fd00::/8,",
      DATA_DIR: "/data",
      WORKSPACE_DIR: "/srv/models",
      WORKSPACE_MODEL_TIMEOUT: "90",
      DATABASE_URL: "postgres://me:pw@db:5432/warehouse",
      S3_BUCKET: "bars",
      S3_ENDPOINT: "http://s3:9000",
      S3_REGION: "eu-central-1",
      S3_ACCESS_KEY_ID: "id",
      S3_SECRET_ACCESS_KEY: "secret",
      S3_SESSION_TOKEN: "token",
      POLYGON_API_KEY: "key",
      POLYGON_BASE_URL: "http://127.0.0.1:4100",
      POLYGON_CALLS_PER_MINUTE: "5",
      MAX_ANSWER_MB: "500",
      UNIVERSE: "AAPL,MSFT",
      START_DATE: "2020-01-02",
      CATCHUP: "latest",
      WORKERS: "2",
      DISTRIBUTE: "citus",
      DISTRIBUTE_SHARDS: "8",
      ROLES: "sweep, web,web",
      SQL_FOR_VIEWERS: "true",
      LOG_LEVEL: "debug",
      HTTP_PROXY: "http://me:pw@proxy:3128",
      https_proxy: "proxy:3129",
      NO_PROXY: "localhost, .example.org,10.0.0.0/8",
      ALERT_WEBHOOK_URL: "https://hooks.example/services/T0/B0/token",
      ALERT_EMAIL_TO: "ann@example.org, bob@example.org",
      ALERT_EMAIL_FROM: "Barline <barline@example.org>",
      SMTP_URL: "smtps://me:p%40ss@mail.example",
      PUBLIC_URL: "https://barline.example/",
      ALERT_STALE_AFTER_HOURS: "12",
      DBT_REGION: "eu",
      DBT_ENV_SECRET_TOKEN: "secret",
      EXPORT: "all",
      PGHOST: "db",
      PGPASSWORD: "secret",
    });
    expect(config).toEqual({
      host: "0.0.0.0",
      port: 8080,
      trustedProxies: ["127.0.0.1", "10.0.0.0/8", "fd00::/8"],
      adminPassword: "long enough ",
      viewerPassword: " for viewers",
      dataDir: "/data",
      databaseUrl: "postgres://me:pw@db:5432/warehouse",
      s3: {
        endpoint: "http://s3:9000",
        region: "eu-central-1",
        accessKeyId: "id",
        secretAccessKey: "secret",
        sessionToken: "token",
      },
      bucket: "bars",
      market: {
        source: "polygon",
        apiKey: "key",
        baseUrl: "http://127.0.0.1:4100",
        callsPerMinute: 5,
        maxAnswerMegabytes: 500,
      },
      universe: "AAPL,MSFT",
      startDate: "2020-01-02",
      catchup: "latest",
      recheckSessions: 5,
      sqlForViewers: true,
      workspaceDir: "/srv/models",
      workspaceModelSeconds: 90,
      exportMode: "all",
      workers: 2,
      distribute: "citus",
      distributeShards: 8,
      roles: ["web", "sweep"],
      logLevel: "debug",
      proxies: {
        http: "http://me:pw@proxy:3128",
        https: "http://proxy:3129",
        direct: ["localhost", ".example.org", "10.0.0.0/8"],
      },
      alerts: {
        webhookUrl: "https://hooks.example/services/T0/B0/token",
        email: {
          to: ["ann@example.org", "bob@example.org"],
          from: "Barline <barline@example.org>",
          smtpUrl: "smtps://me:p%40ss@mail.example",
        },
        publicUrl: "https://barline.example",
        staleAfterHours: 12,
      },
      // What the dbt project may read: none of the secrets.
      dbtEnvironment: { DBT_REGION: "eu", PGHOST: "db" },
    });
  });

  test("counts an empty value as not set, and trims the others", () => {
    const config = read({ PORT: "", POLYGON_API_KEY: "  ", S3_ENDPOINT: "", START_DATE: " 2020-01-02 " });
    expect(config).toMatchObject({ port: 3000, market: { source: "demo" }, s3: null, startDate: "2020-01-02" });
  });

  test("takes a proxy for all schemes where there is none of its own, and refuses one that cannot be asked", () => {
    const all = read({ ALL_PROXY: "http://all:1", HTTPS_PROXY: "https://tls:2" });
    expect(all.proxies).toEqual({ http: "http://all:1", https: "https://tls:2", direct: [] });
    expect(read({ all_proxy: "socks5://all:1", HTTP_PROXY: " " }).proxies.http).toBeNull();
    const refused = messageOf({ HTTPS_PROXY: "socks5://me:pass@proxy:1080" });
    expect(refused).toContain("HTTPS_PROXY is set to something that cannot be used");
    expect(refused).not.toContain("pass@");
  });

  test("takes `unlimited` as no limit of calls", () => {
    expect(read({ POLYGON_CALLS_PER_MINUTE: "unlimited" }).market.callsPerMinute).toBeNull();
  });

  test("means AWS and its default credentials by a bucket alone", () => {
    expect(read({ S3_BUCKET: "bars" })).toMatchObject({
      bucket: "bars",
      s3: { endpoint: null, region: "us-east-1", accessKeyId: null, secretAccessKey: null, sessionToken: null },
    });
  });

  const bad: [name: string, value: string, allowed: string][] = [
    ["HOST", "my host", "a host name or address"],
    ["PORT", "http", "a whole number from 0"],
    ["PORT", "65536", "65535"],
    ["PORT", "-1", "a whole number"],
    ["PORT", "80.5", "a whole number"],
    ["S3_BUCKET", "My_Bucket", "3 to 63 lower-case letters"],
    ["S3_BUCKET", "../etc", "3 to 63 lower-case letters"],
    ["S3_ENDPOINT", "localhost:9000", "an http or https URL"],
    ["S3_REGION", "us east", "a region name"],
    ["POLYGON_BASE_URL", "ftp://api", "an http or https URL"],
    ["POLYGON_CALLS_PER_MINUTE", "0", "`unlimited` or a whole number from 1"],
    ["POLYGON_CALLS_PER_MINUTE", "five", "`unlimited` or a whole number from 1"],
    ["UNIVERSE", "aapl", "ticker types such as type:CS,type:ETF"],
    ["UNIVERSE", "type:CS,AAPL", "ticker types such as type:CS,type:ETF"],
    ["UNIVERSE", "AAPL,,MSFT", "ticker types such as type:CS,type:ETF"],
    ["START_DATE", "01/02/2020", "a date such as 2025-01-02"],
    ["START_DATE", "2025-02-30", "a date such as 2025-01-02"],
    ["START_DATE", "1998-12-31", "from 1999-01-01"],
    ["START_DATE", "2026-11-24", "to today"],
    ["CATCHUP", "some", "`all`, `latest` or `none`"],
    ["WORKERS", "0", "a whole number from 1 to 64"],
    ["DISTRIBUTE", "sharded", "`citus`, or nothing"],
    ["DISTRIBUTE_SHARDS", "0", "a whole number from 1 to 1024"],
    ["ROLES", "web,worker", "one or more of `web`, `schedule`, `work`, `sweep`, separated by commas"],
    ["ROLES", "web,", "one or more of `web`, `schedule`, `work`, `sweep`, separated by commas"],
    ["TRUSTED_PROXIES", "proxy.example", "addresses or networks"],
    ["TRUSTED_PROXIES", "10.0.0.0/33", "addresses or networks"],
    ["TRUSTED_PROXIES", "::1/129", "addresses or networks"],
    ["TRUSTED_PROXIES", "10.0.0.0/8/8", "addresses or networks"],
    ["ALERT_EMAIL_TO", "ann@example.org,bob", "e-mail addresses separated by commas"],
    ["ALERT_EMAIL_FROM", "Barline", "an e-mail address"],
    ["PUBLIC_URL", "barline.example", "http or https URL"],
    ["ALERT_STALE_AFTER_HOURS", "0", "a whole number from 1 to 168"],
    ["LOG_LEVEL", "loud", "`debug`, `info`, `warn` or `error`"],
  ];
  test.each(bad)("refuses %s=%s by name, value and what is allowed", (name, value, allowed) => {
    const message = messageOf({ [name]: value });
    expect(message).toStartWith(name);
    for (const entry of value.split(",")) expect(message).toContain(entry);
    expect(message).toContain(allowed);
  });

  const badSecrets: [name: string, value: string, allowed: string][] = [
    ["ADMIN_PASSWORD", "short", "at least 8 characters"],
    ["ADMIN_PASSWORD", "$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$aGFzaA", "an Argon2id hash in PHC form"],
    ["ADMIN_PASSWORD", "$argon2id$v=19$m=19456", "an Argon2id hash in PHC form"],
    ["ADMIN_PASSWORD", "=19=19456,t=2,p=1", "with \\ before each $"],
    ["VIEWER_PASSWORD", "short", "at least 8 characters"],
    ["DATABASE_URL", "mysql://me:hunter2@db/x", "postgres://"],
    ["DATABASE_URL", "hunter2", "postgres://"],
    ["POLYGON_API_KEY", "two words", "without spaces"],
    ["ALERT_WEBHOOK_URL", "ftp://hooks.example/hunter2", "an http or https URL"],
    ["SMTP_URL", "smtp://me:hunter2@mail.example/?tls.rejectUnauthorized=false", "smtp://user:password@host:587"],
    ["SMTP_URL", "smtp://hunter2@mail.example", "smtp://user:password@host:587"],
    ["SMTP_URL", "smtp://me:hunter2%@mail.example", "smtp://user:password@host:587"],
  ];
  test.each(badSecrets)("refuses a bad %s without repeating it", (name, value, allowed) => {
    const message = messageOf({ [name]: value });
    expect(message).toStartWith(name);
    expect(message).toContain(allowed);
    expect(message).not.toContain(value);
    expect(message).not.toContain("hunter2");
  });

  test("refuses to distribute the embedded database", () => {
    expect(messageOf({ DISTRIBUTE: "citus" })).toBe(
      'DISTRIBUTE is "citus", and there is no DATABASE_URL: the embedded PostgreSQL is one server. Name the coordinator there, or leave DISTRIBUTE out.',
    );
  });

  test("refuses a key id without its secret, and the reverse", () => {
    for (const name of ["S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"]) {
      expect(messageOf({ [name]: "value-of-it" })).toBe(
        "S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY go together: set both, or neither.",
      );
    }
  });

  test("refuses e-mail that lacks its server, its sender or its recipients", () => {
    expect(messageOf({ ALERT_EMAIL_TO: "ann@example.org" })).toBe(
      "ALERT_EMAIL_TO, ALERT_EMAIL_FROM and SMTP_URL go together: ALERT_EMAIL_FROM and SMTP_URL are not set.",
    );
    const most = { ALERT_EMAIL_FROM: "barline@example.org", SMTP_URL: "smtp://localhost:25" };
    expect(messageOf(most)).toEndWith("ALERT_EMAIL_TO is not set.");
    expect(read({ ...most, ALERT_EMAIL_TO: "ann@example.org" }).alerts.email).not.toBeNull();
  });

  test.each(["0.0.0.0", "::", "192.168.1.4", "barline.example"])("refuses HOST=%s without a password", (host) => {
    expect(messageOf({ HOST: host })).toContain("ADMIN_PASSWORD");
    expect(read({ HOST: host, ADMIN_PASSWORD: "12345678" }).host).toBe(host);
  });

  test("takes a hash for the password", () => {
    const hash = "$argon2id$v=19$m=19456,t=2,p=1$nR5O5QYrurpv2Wl3JK2yLciA$IX6U+mmrbG9HXwScI1PgSl6anVex";
    expect(read({ HOST: "0.0.0.0", ADMIN_PASSWORD: hash }).adminPassword).toBe(hash);
  });

  test("refuses a viewers' password that is the admin's, or stands alone", () => {
    const both = { ADMIN_PASSWORD: "one for both", VIEWER_PASSWORD: "one for both" };
    expect(messageOf(both)).toBe("VIEWER_PASSWORD is the same as ADMIN_PASSWORD; set it to another, or leave it out.");
    expect(messageOf({ VIEWER_PASSWORD: "for viewers" })).toContain("ADMIN_PASSWORD is not");
  });

  test.each(["127.0.0.1", "127.1.2.3", "::1", "localhost"])("takes HOST=%s without a password", (host) => {
    expect(read({ HOST: host }).host).toBe(host);
  });

  test("names the near spelling of a variable that does not exist", () => {
    expect(messageOf({ POLYGON_APIKEY: "x" })).toContain("Did you mean POLYGON_API_KEY?");
    expect(messageOf({ S3_BUCKETS: "x" })).toContain("Did you mean S3_BUCKET?");
    expect(messageOf({ ALERT_WEBHOOK: "x" })).toContain("Did you mean ALERT_WEBHOOK_URL?");
    expect(messageOf({ SMTP_URI: "x" })).toContain("Did you mean SMTP_URL?");
    expect(messageOf({ BARLINE_SOMETHING_ELSE_ALTOGETHER: "x" })).toContain("Known are HOST, PORT");
  });

  test("leaves other programs' variables alone", () => {
    expect(read({ PATH: "/bin", AWS_REGION: "x", PORTS: "1" }).port).toBe(3000);
  });
});

describe("isLoopback", () => {
  test.each(["127.0.0.1.example.com", "1270.0.0.1", "0.0.0.0", "::", "localhost.example.com"])("%s is not", (host) => {
    expect(isLoopback(host)).toBe(false);
  });

  test.each(["localhost", "127.0.0.1", "127.255.0.9", "::1", "0:0:0:0:0:0:0:1"])("%s is", (host) => {
    expect(isLoopback(host)).toBe(true);
  });
});
