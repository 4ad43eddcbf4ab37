import type { Socket } from 'node:net';
import type { ListenTally } from './listen-counts.ts';
import { canonicalPeer, clientKey } from './peer-address.ts';

/** A connection as the listener ends it. */
export interface LiveConnection {
  /** Takes no more questions and closes once all are answered. */
  finish(): void;
  /** Ends it at once. */
  cut(): void;
}

/** Whose connection it is. */
export interface PeerFacts {
  readonly address: string;
  readonly port: number;
}

/** How many connections may be open. */
export interface ConnectionLimits {
  readonly maxConnections: number;
  readonly maxSourceConnections: number;
}

/** The open connections of all listeners together, from before the handshake on. */
export class ConnectionTable {
  readonly #limits: ConnectionLimits;
  readonly #tally: ListenTally;
  readonly #open = new Map<Socket, LiveConnection | null>();
  readonly #sources = new Map<string, number>();
  #isFinishing = false;
  /** Told when none is open any more. */
  onEmpty: (() => void) | null = null;

  constructor(limits: ConnectionLimits, tally: ListenTally) {
    this.#limits = limits;
    this.#tally = tally;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Takes an accepted socket until it closes and gives its peer, or resets it and gives null. */
  admit(socket: Socket): PeerFacts | null {
    socket.on('error', () => {
      this.#tally.reasons.socket_failed += 1;
      socket.destroy();
    });
    const { remoteAddress, remotePort } = socket;
    const address = remoteAddress === undefined ? null : canonicalPeer(remoteAddress);
    const key = address === null ? null : clientKey(address);
    if (address === null || remotePort === undefined || key === null || !this.#hasRoom(key)) {
      socket.resetAndDestroy();
      return null;
    }
    this.#tally.connected += 1;
    this.#open.set(socket, null);
    this.#sources.set(key, (this.#sources.get(key) ?? 0) + 1);
    socket.once('close', () => this.#gone(socket, key));
    return { address, port: remotePort };
  }

  /** Says who answers on an admitted socket. */
  attach(socket: Socket, connection: LiveConnection): void {
    if (this.#open.has(socket)) this.#open.set(socket, connection);
    if (this.#isFinishing) connection.finish();
  }

  /** Lets every connection answer what it was asked; those without a question close at once, as do handshakes. */
  finish(): void {
    this.#isFinishing = true;
    for (const [socket, connection] of [...this.#open]) {
      if (connection === null) socket.destroy();
      else connection.finish();
    }
  }

  /** Ends every connection. */
  cut(): void {
    for (const [socket, connection] of [...this.#open]) {
      connection?.cut();
      socket.destroy();
    }
  }

  #hasRoom(key: string): boolean {
    const { maxConnections, maxSourceConnections } = this.#limits;
    if (this.#open.size >= maxConnections) {
      this.#tally.reasons.connection_limit += 1;
      return false;
    }
    if ((this.#sources.get(key) ?? 0) < maxSourceConnections) return true;
    this.#tally.reasons.source_limit += 1;
    return false;
  }

  #gone(socket: Socket, key: string): void {
    this.#open.delete(socket);
    const left = (this.#sources.get(key) ?? 1) - 1;
    if (left > 0) this.#sources.set(key, left);
    else this.#sources.delete(key);
    if (this.#open.size === 0) this.onEmpty?.();
  }
}
