import { createServer, type Server, type Socket } from 'node:net';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { ListenAddress } from '../../transport/index.ts';

/** A TCP listener at work. */
export interface StreamServer {
  readonly address: ListenAddress;
  /** Accepts no more. Connections stay. */
  stop(): void;
}

// Node's default of 511 drops SYNs in a burst; the kernel caps it at somaxconn.
const backlog = 4096;

/** Who takes the connections of a listener. */
export interface StreamTaker {
  /** Whether a client may close its side right after its questions and still get the answers. */
  readonly allowHalfOpen: boolean;
  onSocket(socket: Socket): void;
  /** Told of accepts that fail later. */
  onError(): void;
}

/** Listens for connections; IPv6 takes no IPv4. Fault: `listen_failed`. */
export function listenForStreams(
  address: ListenAddress & { readonly given?: Server },
  { allowHalfOpen, onSocket, onError }: StreamTaker,
): Promise<Result<StreamServer>> {
  const server = createServer({ allowHalfOpen, noDelay: true }, onSocket);
  return new Promise((resolve) => {
    let isListening = false;
    server.on('error', (error) => {
      // An accept that fails (no descriptors left) must not end the listener.
      if (isListening) return onError();
      const message = `cannot listen on TCP \`${address.host}:${address.port}\`: ${error.message}`;
      resolve(failed(fault('listen_failed', message)));
    });
    const listening = (): void => {
      isListening = true;
      resolve(ok({ address: { host: address.host, port: portOf(server, address) }, stop: () => void server.close() }));
    };
    const { host, port, given } = address;
    if (given === undefined) server.listen({ host, port, backlog, ipv6Only: host.includes(':') }, listening);
    else server.listen(given, listening);
  });
}

function portOf(server: Server, asked: ListenAddress): number {
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : asked.port;
}
