import { connect, createServer, type Server, type Socket } from "node:net";

/** A TCP way to another server that can be closed and opened again, as a cable can. */
export type Gateway = {
  port: number;
  close(): Promise<void>;
  open(): Promise<void>;
  /** Cuts what is open, and from now on takes connections and closes them, as a load balancer without a server does. */
  hangUp(): void;
  /** How many it has hung up on. */
  hungUp(): number;
  stop(): Promise<void>;
};

export async function startGateway(targetPort: number): Promise<Gateway> {
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let isHangingUp = false;
  let hungUp = 0;
  const gateway: Gateway = {
    port: 0,
    async open() {
      isHangingUp = false;
      if (server) return;
      server = createServer((socket) => {
        if (isHangingUp) {
          hungUp += 1;
          socket.on("error", () => {}).destroy();
          return;
        }
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
    hangUp() {
      isHangingUp = true;
      for (const socket of sockets) socket.destroy();
    },
    hungUp: () => hungUp,
    stop: () => (server ? gateway.close() : Promise.resolve()),
  };
  await gateway.open();
  return gateway;
}
