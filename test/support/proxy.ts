import { createServer, request as send } from "node:http";
import { connect } from "node:net";

/** An HTTP proxy that notes what passes it; every name leads to a port of this machine. */
export type TestProxy = { url: string; passed: string[]; stop(): Promise<void> };

/** Starts one on a free port. `ports` has the port of each host, by name, that it knows. */
export async function startProxy(ports: Record<string, number> = {}): Promise<TestProxy> {
  const passed: string[] = [];
  const server = createServer((request, response) => {
    const { url = "", method, headers } = request;
    passed.push(`${method} ${url}`);
    const { hostname, pathname, search } = new URL(url);
    const port = ports[hostname];
    if (port === undefined) return void response.writeHead(502).end();
    const onwards = send({ host: "127.0.0.1", port, path: pathname + search, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onwards.on("error", () => response.destroy()));
  });
  server.on("connect", ({ url = "" }, socket) => {
    passed.push(`CONNECT ${url}`);
    const port = ports[url.split(":")[0] ?? ""];
    if (port === undefined) return void socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    const onwards = connect(port, "127.0.0.1", () => socket.write("HTTP/1.1 200 Connected\r\n\r\n"));
    for (const end of [socket, onwards]) end.on("error", () => onwards.destroy());
    socket.pipe(onwards).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`,
    passed,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
