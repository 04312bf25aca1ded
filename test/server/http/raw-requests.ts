import type { Server } from "bun";
import type { TestApp } from "../support.ts";

/** An app on a port of this machine, asked with bytes that no client library would send. */
export type RawServer = {
  /** Sends `text` as it is; answers everything up to the end of the connection, or of the first answer's headers. */
  ask(text: string): Promise<string>;
  /** Sends `text`, waits until it has arrived, and is gone. */
  leave(text: string): Promise<void>;
  stop(): Promise<void>;
};

/** Serves `app` as the process does. */
export function serveRaw({ app }: TestApp): RawServer {
  let arrived = Promise.withResolvers<void>();
  const server: Server<undefined> = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, own) => {
      arrived.resolve();
      return app.fetch(request, own);
    },
  });
  const open = async (text: string, onData: (bytes: string) => void, onClose: () => void) => {
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: server.port ?? 0,
      socket: { data: (_socket, bytes) => onData(bytes.toString()), close: onClose, error: onClose },
    });
    socket.write(text);
    return socket;
  };
  return {
    async ask(text) {
      const ended = Promise.withResolvers<void>();
      let received = "";
      const onData = (bytes: string) => {
        received += bytes;
        if (received.includes("\r\n\r\n")) ended.resolve();
      };
      const socket = await open(text, onData, ended.resolve);
      await ended.promise;
      socket.end();
      return received;
    },
    async leave(text) {
      arrived = Promise.withResolvers<void>();
      const ignore = () => {};
      const socket = await open(text, ignore, ignore);
      await arrived.promise;
      socket.terminate();
    },
    stop: () => server.stop(true),
  };
}
