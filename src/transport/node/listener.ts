import { createServer, type Server, type Socket } from 'node:net';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import { parseIpAddress } from '../../destination/index.ts';
import { socketFault } from '../node-fault.ts';
import { type PeerFacts, peerFactsOf } from '../peer-facts.ts';
import type { ListenAddress, ListenTarget, LiveLink, Transport, TransportOptions } from '../transport.ts';
import { NodeLink } from './link.ts';
import { TimerWheel } from './timer-wheel.ts';

// Node's default of 511 drops SYNs in a burst (performance.md 7.2); the kernel caps it at somaxconn.
const backlog = 4096;
// Connections past the limit that are told so (503) before more are just closed.
const courtesyShare = 16;

/** Creates the driver over `node:net` and `node:tls`. */
export function createNodeTransport(options: TransportOptions): Transport {
  return new NodeTransport(options);
}

class NodeTransport implements Transport {
  readonly links: Set<LiveLink> = new Set();
  readonly #options: TransportOptions;
  readonly #wheel = new TimerWheel(() => performance.now());
  readonly #servers = new Set<Server>();
  #onEmpty: (() => void) | null = null;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  listen(target: ListenTarget): Promise<Result<ListenAddress>> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    server.on('connection', (socket) => this.#accept(socket));
    return new Promise((resolve) => {
      server.once('error', (error) => {
        const { code, cause } = socketFault(error);
        resolve(failed(fault(`listen_${code}`, `cannot listen on ${targetText(target)}: ${cause}`)));
      });
      const listening = (): void => {
        server.removeAllListeners('error');
        server.on('error', (error) => this.#options.failed('listener', error));
        this.#servers.add(server);
        resolve(ok(boundAddress(server, target)));
      };
      // The socket of a server that was handed over is ours from now on.
      if ('given' in target) server.listen(target.given, listening);
      else server.listen({ ...target, backlog }, listening);
    });
  }

  async close({ drainMs }: { readonly drainMs: number }): Promise<void> {
    for (const server of this.#servers) server.close();
    this.#servers.clear();
    for (const link of [...this.links]) if (link.flow === null) link.cut('shutdown');
    if (this.links.size > 0 && drainMs > 0) await this.#drained(drainMs);
    for (const link of [...this.links]) link.cut('shutdown');
    this.#wheel.stop();
  }

  #drained(drainMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, drainMs);
      this.#onEmpty = (): void => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #accept(socket: Socket): void {
    socket.on('error', ignoreUntilWatched);
    const { connections } = this.#options.limits;
    const peer = peerFacts(socket, this.links.size >= connections);
    if (peer === null || this.links.size >= connections + Math.ceil(connections / courtesyShare)) {
      socket.resetAndDestroy();
      return;
    }
    const link = new NodeLink(socket, peer, { options: this.#options, wheel: this.#wheel, gone: this.#gone });
    socket.removeListener('error', ignoreUntilWatched);
    this.links.add(link);
    this.#options.opened();
    link.start();
  }

  readonly #gone = (link: LiveLink): void => {
    this.links.delete(link);
    if (this.links.size === 0) this.#onEmpty?.();
  };
}

// Between accept and the link's own handler nothing can be told to anybody: the socket closes by itself.
function ignoreUntilWatched(this: Socket): void {
  this.destroy();
}

function peerFacts(socket: Socket, isPastLimit: boolean): PeerFacts | null {
  const parsed = socket.remoteAddress === undefined ? null : parseIpAddress(socket.remoteAddress.replace(/%.*$/, ''));
  if (parsed === null || !parsed.ok || socket.remotePort === undefined) return null;
  return peerFactsOf(parsed.value, socket.remotePort, isPastLimit);
}

function targetText(target: ListenTarget): string {
  if ('given' in target) return 'a socket that was handed over';
  return 'fd' in target ? `descriptor \`${target.fd}\`` : `\`${target.host}:${target.port}\``;
}

function boundAddress(server: Server, asked: ListenTarget): ListenAddress {
  const bound = server.address();
  if (typeof bound === 'object' && bound !== null) return { host: bound.address, port: bound.port };
  return 'host' in asked ? asked : { host: '', port: 0 };
}
