import { afterEach, describe, expect, test } from "bun:test";
import { connectionOf, createEmail } from "../../../jobs/alerts/email.ts";
import { createWebhook } from "../../../jobs/alerts/webhook.ts";
import { aMessage, type Receiver, smtpPassword, startMailServer, startReceiver, webhookSecret } from "./support.ts";

const never = new AbortController().signal;
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const receiving = (answer?: Receiver["answer"]) => {
  const receiver = startReceiver();
  if (answer) receiver.answer = answer;
  stops.push(receiver.stop);
  return receiver;
};
const webhookTo = (url: string, timeoutMs = 5000) => createWebhook(url, { userAgent: "Barline/1.0.0", timeoutMs });

describe("the webhook", () => {
  test("posts what Slack shows and what programs read, under an id that stays", async () => {
    const receiver = receiving();
    expect(await webhookTo(receiver.url).send(aMessage, never)).toEqual({ sent: true, note: null });
    const [one] = receiver.received;
    expect(one?.headers.get("Content-Type")).toBe("application/json");
    expect(one?.headers.get("Idempotency-Key")).toBe("barline-7-abc");
    expect(one?.headers.get("User-Agent")).toBe("Barline/1.0.0");
    const body =
      "Run 12 of 2020-01-07 failed: &lt;!channel&gt; &amp; more.\n*What to do:* Retry it.\n<https://barline.example/runs/12|Open in Barline>";
    expect(one?.body).toEqual({
      text: `🔴 *Ingest: a run failed*\n${body}`,
      blocks: [
        { type: "header", text: { type: "plain_text", text: "🔴 Ingest: a run failed", emoji: true } },
        { type: "section", text: { type: "mrkdwn", text: body } },
      ],
      id: "barline-7-abc",
      event: "opened",
      kind: "run_failed",
      title: "Ingest: a run failed",
      message: "Run 12 of 2020-01-07 failed: <!channel> & more.",
      advice: "Retry it.",
      link: "https://barline.example/runs/12",
      openedAt: "2020-01-08T03:00:00.000Z",
      resolvedAt: null,
    });
  });

  test("is known by its host alone", () => {
    expect(webhookTo("https://hooks.example/services/secret").target).toBe("hooks.example");
  });

  const answers: [string, () => Response, string, number | null][] = [
    ["500", () => new Response("oh no", { status: 500 }), "answered 500: oh no", null],
    [
      "429 with a wait",
      () => new Response("", { status: 429, headers: { "Retry-After": "40" } }),
      "answered 429.",
      40_000,
    ],
    [
      "404 that repeats the secret",
      () => new Response(`no ${webhookSecret}`, { status: 404 }),
      "404: no [secret]",
      null,
    ],
    [
      "a redirect",
      () => Response.redirect("http://127.0.0.1:9/elsewhere", 307),
      "a redirect, which is not followed",
      null,
    ],
  ];
  test.each(answers)("says what a receiver answered: %s", async (_name, answer, error, retryAfterMs) => {
    const receiver = receiving(answer);
    const outcome = await webhookTo(receiver.url).send(aMessage, never);
    expect(outcome).toEqual({ sent: false, error: expect.stringContaining(error), retryAfterMs });
    expect(receiver.received).toHaveLength(1);
  });

  test("waits so long as a receiver asks by date, on the receiver's clock", async () => {
    const headers = { Date: "Fri, 10 Jan 2020 20:00:00 GMT", "Retry-After": "Fri, 10 Jan 2020 20:02:00 GMT" };
    const receiver = receiving(() => new Response("", { status: 429, headers }));
    expect(await webhookTo(receiver.url).send(aMessage, never)).toMatchObject({ retryAfterMs: 120_000 });
  });

  test("gives up on a receiver that is silent, down, or does not end", async () => {
    const silent = receiving(() => new Promise<Response>(() => {}));
    expect(await webhookTo(silent.url, 50).send(aMessage, never)).toMatchObject({
      error: expect.stringContaining("did not answer within 0.05 s"),
    });
    const down = startReceiver();
    await down.stop();
    const outcome = await webhookTo(down.url).send(aMessage, never);
    expect(outcome).toMatchObject({ sent: false, error: expect.stringContaining("could not be reached") });
    expect(JSON.stringify(outcome)).not.toContain(webhookSecret);
    const endless = receiving(
      () =>
        new Response(new ReadableStream({ pull: (stream) => stream.enqueue(new Uint8Array(4096)) }), { status: 500 }),
    );
    expect(await webhookTo(endless.url).send(aMessage, never)).toMatchObject({ sent: false });
  });

  test("stops with its process, and says nothing about the message", async () => {
    const silent = receiving(() => new Promise<Response>(() => {}));
    const stopping = new AbortController();
    const sending = webhookTo(silent.url).send(aMessage, stopping.signal);
    stopping.abort();
    await expect(sending).rejects.toThrow();
  });
});

describe("e-mail", () => {
  const mailing = async (options?: { withTls?: boolean }) => {
    const server = await startMailServer(options);
    stops.push(server.stop);
    return server;
  };
  const settings = (smtpUrl: string, to = ["ann@example.org", "bob@example.org"]) => ({
    smtpUrl,
    to,
    from: "Barline <barline@example.org>",
  });

  test("is one message to all, under the delivery's own id", async () => {
    const server = await mailing();
    const channel = createEmail(settings(server.url));
    expect(channel.target).toBe("ann@example.org, bob@example.org");
    expect(await channel.send(aMessage, never)).toEqual({ sent: true, note: null });
    expect(server.mails).toHaveLength(1);
    const [mail] = server.mails;
    expect(mail?.from).toBe("barline@example.org");
    expect(mail?.to).toEqual(["ann@example.org", "bob@example.org"]);
    for (const line of [
      "Subject: [Barline] Ingest: a run failed",
      "Message-ID: <barline-7-abc@example.org>",
      "References: <barline-alert-3-abc@example.org>",
      "X-Barline-Delivery: barline-7-abc",
      "Run 12 of 2020-01-07 failed: <!channel> & more.",
      "What to do: Retry it.",
      "Since 2020-01-08 03:00 UTC",
      "https://barline.example/runs/12",
    ]) {
      expect(mail?.text).toContain(line);
    }
  });

  test("keeps a title from adding headers", async () => {
    const server = await mailing();
    await createEmail(settings(server.url)).send({ ...aMessage, title: "x\r\nBcc: eve@example.org" }, never);
    expect(server.mails[0]?.to).not.toContain("eve@example.org");
    expect(server.mails[0]?.text).not.toMatch(/^Bcc:/m);
  });

  test("tells which recipients were refused, and fails where all were", async () => {
    const server = await mailing();
    const some = createEmail(settings(server.url, ["ann@example.org", "nobody@example.org"]));
    expect(await some.send(aMessage, never)).toEqual({
      sent: true,
      note: `127.0.0.1:${server.port} refused nobody@example.org.`,
    });
    const none = createEmail(settings(server.url, ["nobody@example.org"]));
    expect(await none.send(aMessage, never)).toMatchObject({ sent: false });
  });

  test("never repeats the password, even where the server does", async () => {
    const server = await mailing();
    const wrong = `${smtpPassword}-wrong`;
    const outcome = await createEmail(settings(server.url.replace(smtpPassword, wrong))).send(aMessage, never);
    expect(outcome).toMatchObject({ sent: false, error: expect.stringContaining("[secret]") });
    expect(JSON.stringify(outcome)).not.toContain(wrong);
  });

  test("sends no password to another machine in the clear", async () => {
    const server = await mailing();
    // The same server, under an address that does not say so.
    const outcome = await createEmail(settings(server.url.replace("127.0.0.1", "0.0.0.0"))).send(aMessage, never);
    expect(outcome).toMatchObject({ sent: false, error: expect.stringContaining("STARTTLS") });
    expect(server.mails).toEqual([]);
  });

  test.each([
    ["localhost", false],
    ["127.0.0.2", false],
    ["[::1]", false],
    ["192.0.2.1", true],
    // A name that only begins as this machine's addresses do.
    ["127.example.com", true],
  ])("asks %s for TLS before a password: %p", (host, isAsked) => {
    expect(connectionOf(`smtp://ann:secret@${host}`).requireTLS).toBe(isAsked);
  });

  test("verifies the server's certificate", async () => {
    const server = await mailing({ withTls: true });
    const outcome = await createEmail(settings(server.url)).send(aMessage, never);
    expect(outcome).toMatchObject({ sent: false, error: expect.stringMatching(/certificate/i) });
    expect(server.mails).toEqual([]);
  });

  test("gives up on a server that is silent or down", async () => {
    const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const url = `smtp://127.0.0.1:${silent.port}`;
    expect(await createEmail(settings(url), { timeoutMs: 50 }).send(aMessage, never)).toMatchObject({
      error: `127.0.0.1:${silent.port} did not answer within 0.05 s.`,
    });
    silent.stop(true);
    expect(await createEmail(settings(url)).send(aMessage, never)).toMatchObject({
      sent: false,
      error: expect.stringContaining("did not take the message"),
    });
  });
});
