import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** What the server does with one request. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on loopback that follows a script, one behaviour a request, and repeats the last one. */
export type FaultyServer = {
  url: string;
  requests: { url: string; authorization: string | undefined }[];
  stop(): Promise<void>;
};

export async function startFaultyServer(...script: Behaviour[]): Promise<FaultyServer> {
  const requests: FaultyServer["requests"] = [];
  const server = createServer((request, response) => {
    const behave = script[Math.min(requests.length, script.length - 1)];
    requests.push({ url: request.url ?? "", authorization: request.headers.authorization });
    behave?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers a status with a body (text as it is, anything else as JSON) and headers. */
export function answers(status: number, body: unknown, headers: Record<string, string> = {}): Behaviour {
  return (_request, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
}

/** Breaks the connection before any answer. */
export const resets: Behaviour = (request) => void request.socket.destroy();

/** Announces a whole body, sends half of it and breaks off. */
export function truncates(body: unknown): Behaviour {
  return (request, response) => {
    const text = JSON.stringify(body);
    response.writeHead(200, { "content-length": Buffer.byteLength(text) });
    response.write(text.slice(0, text.length >> 1), () => request.socket.destroy());
  };
}

/** Never answers. */
export const hangs: Behaviour = () => undefined;
