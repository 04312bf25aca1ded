import { connect, createServer, type Server, type Socket } from "node:net";

/** A TCP way to another server that can be closed and opened again, as a cable can. */
export type Gateway = { port: number; close(): Promise<void>; open(): Promise<void>; stop(): Promise<void> };

export async function startGateway(targetPort: number): Promise<Gateway> {
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  const gateway: Gateway = {
    port: 0,
    async open() {
      server = createServer((socket) => {
        const target = connect(targetPort, "127.0.0.1");
        for (const end of [socket, target]) {
          sockets.add(end);
          end.on("error", () => {});
          end.on("close", () => {
            sockets.delete(end);
            socket.destroy();
            target.destroy();
          });
        }
        socket.pipe(target).pipe(socket);
      });
      const opened = server;
      await new Promise<void>((resolve) => opened.listen(gateway.port, "127.0.0.1", resolve));
      const address = opened.address();
      gateway.port = typeof address === "object" && address ? address.port : 0;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
      server = undefined;
    },
    stop: () => (server ? gateway.close() : Promise.resolve()),
  };
  await gateway.open();
  return gateway;
}
