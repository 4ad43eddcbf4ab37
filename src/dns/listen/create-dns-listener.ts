import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import { AskFilter } from './ask-filter.ts';
import { ClientRates } from './client-rates.ts';
import { ConnectionTable, type PeerFacts } from './connection-table.ts';
import type { DnsTransport, OwnClient } from './dns-client.ts';
import { Http1Server } from './http1-server.ts';
import { HttpsConnection } from './https-connection.ts';
import { InFlight } from './in-flight.ts';
import { createTally, type DnsListenerCounts } from './listen-counts.ts';
import {
  type DnsListenAddress,
  type DnsListenerOptions,
  type DnsListenTls,
  defaultListenLimits,
} from './listen-options.ts';
import type { ListenParts } from './listen-parts.ts';
import { presentedProofs, secureConnection } from './secure-connection.ts';
import { StreamConnection } from './stream-connection.ts';
import { listenForStreams, type StreamServer } from './stream-server.ts';
import { UdpListener } from './udp-listener.ts';

/** The sockets on which clients ask. */
export interface DnsListener {
  /**
   * Listens on all of the addresses, or on none of them. Faults: `listen_failed`, and `tls_missing` for DNS over TLS or over HTTPS
   * without `tls` in the options.
   */
  listen(addresses: readonly DnsListenAddress[]): Promise<Result<readonly DnsListenAddress[]>>;
  /** Listens no more on some of its addresses, as `listen` gave them. Their connections stay. */
  release(addresses: readonly DnsListenAddress[]): Promise<void>;
  /** Where it listens now, with the ports that were given. */
  readonly addresses: readonly DnsListenAddress[];
  counts(): DnsListenerCounts;
  /** Takes no more questions, waits at most `drainMs` for the answers that are under way, then cuts what is left. */
  close(options: { readonly drainMs: number }): Promise<void>;
}

// What is spoken inside TLS (ALPN): RFC 7858, RFC 8484 with RFC 9113 and RFC 9112.
const insideTls: Readonly<Record<'tls' | 'https', readonly string[]>> = { tls: ['dot'], https: ['h2', 'http/1.1'] };
const maxStreamBytes = 65_535;

/** Creates the listener for DNS over UDP, TCP, TLS and HTTPS. It asks `options.answer` and nothing else, and never throws after that. */
export function createDnsListener(options: DnsListenerOptions): DnsListener {
  return new AllListeners(options);
}

interface Bound {
  readonly address: DnsListenAddress;
  readonly udp: UdpListener | null;
  readonly streams: StreamServer | null;
}

class AllListeners implements DnsListener {
  readonly #parts: ListenParts;
  readonly #connections: ConnectionTable;
  readonly #http1 = new Http1Server();
  readonly #bound: Bound[] = [];

  constructor(options: DnsListenerOptions) {
    this.#parts = createParts(options);
    this.#connections = new ConnectionTable(this.#parts.limits, this.#parts.tally);
  }

  get addresses(): readonly DnsListenAddress[] {
    return this.#bound.map((one) => one.address);
  }

  async listen(addresses: readonly DnsListenAddress[]): Promise<Result<readonly DnsListenAddress[]>> {
    const opened: Bound[] = [];
    for (const address of addresses) {
      const bound = await this.#open(address);
      if (!bound.ok) {
        await Promise.all(opened.map(closeBound));
        return bound;
      }
      opened.push(bound.value);
    }
    this.#bound.push(...opened);
    return ok(opened.map((one) => one.address));
  }

  async release(addresses: readonly DnsListenAddress[]): Promise<void> {
    const released = this.#bound.filter(({ address }) => addresses.some((one) => isSame(one, address)));
    for (const one of released) this.#bound.splice(this.#bound.indexOf(one), 1);
    await Promise.all(released.map(closeBound));
  }

  counts(): DnsListenerCounts {
    const { tally, inFlight, rates } = this.#parts;
    return {
      questions: { ...tally.questions },
      reasons: this.#reasons(),
      connected: tally.connected,
      connections: this.#connections.size,
      inFlight: inFlight.count,
      clients: rates.size,
    };
  }

  async close({ drainMs }: { readonly drainMs: number }): Promise<void> {
    for (const { udp, streams } of this.#bound) {
      udp?.stop();
      streams?.stop();
    }
    this.#connections.finish();
    if (!this.#isDrained() && drainMs > 0) await this.#drained(drainMs);
    this.#connections.cut();
    this.#parts.filter.abandon();
    await Promise.all(this.#bound.splice(0).map(closeBound));
  }

  #reasons(): DnsListenerCounts['reasons'] {
    const reasons = { ...this.#parts.tally.reasons };
    for (const { udp } of this.#bound) {
      const lost = udp?.counts() ?? null;
      reasons.receive_queue_full += lost?.unread ?? 0;
      reasons.send_queue_full += lost?.dropped ?? 0;
      reasons.send_failed += lost?.failed ?? 0;
    }
    return reasons;
  }

  #isDrained(): boolean {
    return this.#parts.inFlight.count === 0 && this.#connections.size === 0;
  }

  #drained(drainMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, drainMs);
      const look = (): void => {
        if (!this.#isDrained()) return;
        clearTimeout(timer);
        resolve();
      };
      this.#parts.inFlight.onEmpty = look;
      this.#connections.onEmpty = look;
    });
  }

  async #open(address: DnsListenAddress): Promise<Result<Bound>> {
    const { transport } = address;
    if (transport === 'udp') {
      const udp = new UdpListener(this.#parts);
      const bound = await udp.bind(address);
      if (!bound.ok) await udp.close();
      return bound.ok ? ok({ address: { transport, ...bound.value }, udp, streams: null }) : bound;
    }
    const accept = this.#acceptor(transport);
    if (accept === null) return failed(fault('tls_missing', `there is no certificate for \`${transport}\``));
    const streams = await listenForStreams(address, {
      // HTTP/2 of node does not notice the end of a connection that is half open.
      allowHalfOpen: transport !== 'https',
      onSocket: accept,
      onError: () => {
        this.#parts.tally.reasons.socket_failed += 1;
      },
    });
    return streams.ok
      ? ok({ address: { transport, ...streams.value.address }, udp: null, streams: streams.value })
      : streams;
  }

  #acceptor(transport: Exclude<DnsTransport, 'udp'>): ((raw: Socket) => void) | null {
    if (transport === 'tcp') return (raw) => this.#acceptPlain(raw);
    const { tls = null } = this.#parts.options;
    return tls === null
      ? null
      : (raw) => {
          // What breaks between two steps of a handshake ends that connection and nothing else.
          this.#acceptSecure(raw, transport, tls).catch(() => raw.destroy());
        };
  }

  #acceptPlain(raw: Socket): void {
    const peer = this.#connections.admit(raw);
    if (peer === null) return;
    this.#connections.attach(raw, new StreamConnection(raw, clientOf('tcp', peer), this.#parts));
  }

  async #acceptSecure(raw: Socket, transport: 'tls' | 'https', tls: DnsListenTls): Promise<void> {
    const peer = this.#connections.admit(raw);
    if (peer === null) return;
    const timeoutMs = this.#parts.limits.handshakeTimeoutMs;
    const secured = await secureConnection(raw, { tls, protocols: insideTls[transport], timeoutMs });
    if (secured === null) {
      this.#parts.tally.reasons.handshake_failed += 1;
      return;
    }
    const client = { ...clientOf(transport, peer), proofs: tls.requestCertificate ? presentedProofs(secured) : [] };
    if (transport === 'tls') this.#connections.attach(raw, new StreamConnection(secured, client, this.#parts));
    else this.#speakHttps(raw, secured, client);
  }

  #speakHttps(raw: Socket, secured: TLSSocket, client: OwnClient): void {
    const connection = new HttpsConnection(secured, client, this.#parts);
    if (secured.alpnProtocol === 'h2') connection.speakHttp2();
    else this.#http1.take(secured, connection);
    this.#connections.attach(raw, connection);
  }
}

function createParts(options: DnsListenerOptions): ListenParts {
  const limits = { ...defaultListenLimits, ...options.limits };
  const tally = createTally();
  const inFlight = new InFlight(limits);
  const { answer } = options;
  const filter = new AskFilter({ answer, tally, inFlight, answerTimeoutMs: limits.answerTimeoutMs });
  return { options, limits, tally, inFlight, filter, rates: new ClientRates(limits) };
}

function clientOf(transport: DnsTransport, { address, port }: PeerFacts): OwnClient {
  return { transport, address, port, maxBytes: maxStreamBytes, proofs: [], isOverRate: false };
}

function isSame(one: DnsListenAddress, other: DnsListenAddress): boolean {
  return one.transport === other.transport && one.host === other.host && one.port === other.port;
}

async function closeBound({ udp, streams }: Bound): Promise<void> {
  streams?.stop();
  await udp?.close();
}
