import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP proxy on loopback that can break, hold and refuse connections, as networks do. */
export type CuttingProxy = {
  readonly port: number;
  /** Breaks every open connection. New ones are accepted. */
  cut(): void;
  /** While on, new connections are closed at once. */
  refuse(isRefusing: boolean): void;
  /** While on, not a byte gets through, and nobody is told. */
  hold(isHolding: boolean): void;
  close(): Promise<void>;
};

export async function startCuttingProxy(to: URL): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let isRefusing = false;
  let isHolding = false;
  const server = createServer((client) => {
    if (isRefusing) {
      client.destroy();
      return;
    }
    const upstream = connect(Number(to.port), to.hostname);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on("data", (chunk) => other.write(chunk));
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      if (isHolding) socket.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    refuse(on) {
      isRefusing = on;
    },
    hold(on) {
      isHolding = on;
      for (const socket of sockets) {
        if (on) socket.pause();
        else socket.resume();
      }
    },
    close() {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
