import { lookup } from 'node:dns/promises';
import { closeSync } from 'node:fs';
import { isIP, Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import { ipAddressFromWords, parseIpAddress, unmapPeerAddress } from '../../destination/index.ts';
import type { AimedAt } from '../../enforcement/index.ts';
import { NodeLink } from '../node/link.ts';
import { TimerWheel } from '../node/timer-wheel.ts';
import { codeFault } from '../node-fault.ts';
import { peerFactsOf } from '../peer-facts.ts';
import type { ListenAddress, ListenTarget, LiveLink, Transport, TransportOptions } from '../transport.ts';
import { command } from './abi.ts';
import type { IoThread, IoThreadOwner } from './io-thread.ts';
import { type LinkHost, NativeLink } from './link.ts';
import type { AcceptedSocket } from './link-events.ts';
import type { ThreadPool, ThreadPools } from './thread-pool.ts';

// Connections past the limit that are told so (503) before more are just closed.
const courtesyShare = 16;
// Slots beyond those: connections that are told of no more, and not closed yet.
const spareSlots = 1_024;

/** Creates the driver over the addon; its threads start with the first listener of any driver over the same pools. */
export function createNativeTransport(options: TransportOptions, pools: ThreadPools): Transport {
  return new NativeTransport(options, pools);
}

class NativeTransport implements Transport, IoThreadOwner, LinkHost {
  readonly links: Set<LiveLink> = new Set();
  readonly options: TransportOptions;
  readonly #pools: ThreadPools;
  #pool: ThreadPool | null = null;
  /** By number: where each listens. */
  readonly #listeners = new Map<number, AimedAt>();
  readonly #wheel = new TimerWheel(() => performance.now());
  #onEmpty: (() => void) | null = null;
  #isClosing = false;

  constructor(options: TransportOptions, pools: ThreadPools) {
    this.options = options;
    this.#pools = pools;
  }

  async listen(target: ListenTarget): Promise<Result<ListenAddress>> {
    if ('given' in target)
      return failed(fault('listen_other', 'a server of Node cannot be handed to the native transport'));
    const { addon } = this.#pools;
    const fd = 'fd' in target ? target.fd : addon.bind(await addressOf(target.host), target.port);
    const code = fd < 0 || !('fd' in target) ? Math.min(fd, 0) : addon.listen(fd);
    if (code < 0) {
      const { code: kind, cause } = codeFault(getSystemErrorName(code));
      return failed(fault(`listen_${kind}`, `cannot listen on ${targetText(target)}: ${cause}`));
    }
    const [host, port] = addon.boundAt(fd);
    const parsed = parseIpAddress(host);
    if (!parsed.ok) {
      closeSync(fd);
      return failed(fault('listen_other', `${targetText(target)} is no socket of IPv4 or IPv6`));
    }
    this.#pool ??= this.#takePool();
    const number = this.#pool.listen({ fd, isWild: 'fd' in target || isWild(host) }, this);
    if (number === null) {
      closeSync(fd);
      return failed(fault('listen_other', `cannot listen on ${targetText(target)}: 16 sockets listen already`));
    }
    this.#listeners.set(number, { address: unmapPeerAddress(parsed.value), port });
    return ok({ host, port });
  }

  accepted(thread: IoThread, socket: AcceptedSocket): NativeLink | null {
    const { connections } = this.options.limits;
    const local = this.#listeners.get(socket.listener);
    const isPastAll = this.links.size >= connections + Math.ceil(connections / courtesyShare);
    if (this.#isClosing || isPastAll || local === undefined || socket.peer.length === 0) {
      thread.commands.tell(command.reset, socket);
      return null;
    }
    const peer = peerFactsOf(ipAddressFromWords(socket.peer), socket.peerPort, this.links.size >= connections);
    const link = new NativeLink(socket, peer, { thread, local, host: this });
    this.links.add(link);
    this.options.opened();
    return link;
  }

  failed(where: string, error: unknown): void {
    this.options.failed(where, error);
  }

  gone(link: LiveLink): void {
    this.links.delete(link);
    if (this.links.size === 0) this.#onEmpty?.();
  }

  handOver(link: NativeLink, fd: number, first: Uint8Array): void {
    const socket = new Socket({
      fd,
      allowHalfOpen: true,
      readable: true,
      writable: true,
      pauseOnCreate: true,
    } as object);
    const secured = new NodeLink(socket, link, {
      options: this.options,
      wheel: this.#wheel,
      gone: (gone) => this.gone(gone),
    });
    socket.unshift(first);
    this.links.add(secured);
    this.links.delete(link);
    secured.start();
  }

  async close({ drainMs }: { readonly drainMs: number }): Promise<void> {
    this.#isClosing = true;
    for (const number of this.#listeners.keys()) this.#pool?.unlisten(number);
    for (const link of [...this.links]) if (link.flow === null) link.cut('shutdown');
    if (this.links.size > 0 && drainMs > 0) await this.#drained(drainMs);
    for (const link of [...this.links]) link.cut('shutdown');
    this.#wheel.stop();
    this.#pool?.release(this.#listeners.keys());
    this.#pool = null;
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

  #takePool(): ThreadPool {
    const { connections, idleTimeoutMs, totalTimeoutMs } = this.options.limits;
    const capacity = connections + Math.ceil(connections / courtesyShare) + spareSlots;
    return this.#pools.take({ idleMs: idleTimeoutMs, totalMs: totalTimeoutMs, capacity });
  }
}

async function addressOf(host: string): Promise<string> {
  return isIP(host) === 0 ? (await lookup(host)).address : host;
}

function isWild(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function targetText(target: Exclude<ListenTarget, { readonly given: unknown }>): string {
  return 'fd' in target ? `descriptor \`${target.fd}\`` : `\`${target.host}:${target.port}\``;
}
