import { createServer, connect as open, type Socket } from 'node:net';

// A process of `bench/control`: the origin, or the client that holds tunnels. Each holds a descriptor a tunnel, and the proxy two.

/** What the bench asks of the client: tunnels to `hosts`, one each, with the proof beside it. */
export interface TunnelOrder {
  readonly proxyPort: number;
  readonly originPort: number;
  readonly tunnels: readonly { readonly host: string; readonly proof: string }[];
}

/** What a worker tells. Times are epoch milliseconds. */
export type FromWorker =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'standing'; readonly count: number }
  | { readonly kind: 'cut'; readonly lastAtMs: number }
  | { readonly kind: 'failed'; readonly message: string };

// More at once would wait for the accept queue of the proxy.
const openAtOnce = 64;

const tell = (message: FromWorker): void => void process.send?.(message);

if (process.argv[2] === 'origin') listen();
else if (process.argv[2] === 'client') process.on('message', (order: TunnelOrder) => void hold(order));

function listen(): void {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.resume();
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => {
    const address = server.address();
    if (typeof address === 'object' && address !== null) tell({ kind: 'listening', port: address.port });
  });
}

/** Opens the tunnels, tells when all stand, and tells when the last of them was cut. */
async function hold({ proxyPort, originPort, tunnels }: TunnelOrder): Promise<void> {
  let left = tunnels.length;
  let next = 0;
  const onCut = (): void => {
    left -= 1;
    if (left === 0) tell({ kind: 'cut', lastAtMs: Date.now() });
  };
  const work = async (): Promise<void> => {
    for (let at = next++; at < tunnels.length; at = next++) {
      const { host, proof } = tunnels[at] ?? { host: '', proof: '' };
      const socket = await openTunnel({ proxyPort, authority: `${host}:${originPort}`, proof });
      socket.on('close', onCut);
    }
  };
  try {
    await Promise.all(Array.from({ length: openAtOnce }, work));
    tell({ kind: 'standing', count: tunnels.length });
  } catch (error) {
    tell({ kind: 'failed', message: (error as Error).message });
  }
}

function openTunnel(ask: {
  readonly proxyPort: number;
  readonly authority: string;
  readonly proof: string;
}): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = open(ask.proxyPort, '127.0.0.1');
    const head = `CONNECT ${ask.authority} HTTP/1.1\r\nHost: ${ask.authority}\r\nProxy-Authorization: ${ask.proof}\r\n\r\n`;
    socket.on('error', (error) => {
      socket.destroy();
      reject(error);
    });
    socket.once('connect', () => socket.write(head));
    socket.once('data', (bytes) => {
      const line = bytes.toString('latin1').split('\r\n', 1)[0] ?? '';
      if (line.startsWith('HTTP/1.1 200 ')) resolve(socket);
      else reject(new Error(`the proxy answered \`${line}\` to ${ask.authority}`));
    });
  });
}
