import { afterEach, describe, expect, test } from "bun:test";
import { readBody } from "../../../jobs/market/body.ts";
import { PermanentError } from "../../../jobs/orchestrator/errors.ts";
import { bars, createClients, failureOf, ok } from "./client-helpers.ts";
import { answers, type Behaviour } from "./faulty-server.ts";

const { clientOf, stop } = createClients();
afterEach(stop);

const megabyte = 1_000_000;
const pieceBytes = 10_000;

/** A body without end that counts what is taken from it. */
function endlessBody() {
  const taken = { bytes: 0, cancelled: false };
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      taken.bytes += pieceBytes;
      controller.enqueue(new Uint8Array(pieceBytes).fill(0x20));
    },
    cancel() {
      taken.cancelled = true;
    },
  });
  return { stream, taken };
}

describe("an answer that is too large", () => {
  test("is read to the limit and no further, once, and the error says so", async () => {
    const { stream, taken } = endlessBody();
    let calls = 0;
    const { client } = await clientOf([ok], {
      maxAnswerMegabytes: 1,
      fetch: async () => {
        calls += 1;
        return new Response(stream);
      },
    });
    const error = await failureOf(client.grouped("2025-01-02"));
    expect(error).toBeInstanceOf(PermanentError);
    expect(error.message).toContain("an answer of more than 0.32 MB (/v2/aggs/grouped/");
    expect(error.advice).toContain("MAX_ANSWER_MB");
    expect(calls).toBe(1);
    expect(taken.cancelled).toBe(true);
    expect(taken.bytes).toBeLessThanOrEqual(0.32 * megabyte + 2 * pieceBytes);
  });

  test("is counted unpacked: a few kilobytes may be gigabytes", async () => {
    const bomb = Bun.gzipSync(new Uint8Array(30 * megabyte), { level: 9 });
    expect(bomb.byteLength).toBeLessThan(40_000);
    const packed: Behaviour = (_request, response) =>
      void response.writeHead(200, { "content-encoding": "gzip", "content-length": bomb.byteLength }).end(bomb);
    const { client, requests } = await clientOf([packed], { maxAnswerMegabytes: 10 });
    expect((await failureOf(client.grouped("2025-01-02"))).message).toContain("more than 3.2 MB");
    expect(requests).toHaveLength(1);
  });

  test("in all its pages is given up at the page that is too much", async () => {
    const pad = " ".repeat(0.3 * megabyte);
    const page: Behaviour = (request, response) => {
      const next_url = `http://${request.headers.host}${request.url}&more`;
      answers(200, `${JSON.stringify({ status: "OK", results: [], next_url })}${pad}`)(request, response);
    };
    const { client, requests } = await clientOf([page], { maxAnswerMegabytes: 1 });
    const error = await failureOf(Array.fromAsync(client.tickers({ active: true })));
    expect(error).toBeInstanceOf(PermanentError);
    expect(error.message).toContain("a list of more than 1 MB (/v3/reference/tickers)");
    expect(requests).toHaveLength(4);
  });

  test("of an error tells no more than its first words cost", async () => {
    const { stream, taken } = endlessBody();
    const { client } = await clientOf([ok], { fetch: async () => new Response(stream, { status: 404 }) });
    expect((await failureOf(client.grouped("2025-01-02"))).message).toContain("answered 404");
    expect(taken.bytes).toBeLessThanOrEqual(64_000 + 2 * pieceBytes);
  });
});

test("a body of just as much as is allowed is whole", async () => {
  const text = JSON.stringify(bars);
  const exact = await readBody(new Response(text), text.length);
  expect([new TextDecoder().decode(exact.bytes), exact.whole]).toEqual([text, true]);
  const cut = await readBody(new Response(text), text.length - 1);
  expect([new TextDecoder().decode(cut.bytes), cut.whole]).toEqual([text.slice(0, -1), false]);
  expect(await readBody(new Response(null), 0)).toEqual({ bytes: new Uint8Array(), whole: true });
});
