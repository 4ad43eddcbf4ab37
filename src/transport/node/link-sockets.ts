import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { parseIpAddress, unmapPeerAddress } from '../../destination/index.ts';
import type { AimedAt, Side } from '../../enforcement/index.ts';
import type { SideQueue } from '../side-queue.ts';

// Below the 5 minutes and more after which firewalls and load balancers forget a silent connection.
const probeAfterMs = 60_000;

/** Who is told what happens to the two sockets of a connection. */
export interface SocketOwner {
  onClientBytes(bytes: Buffer): void;
  onSideEnd(side: Side): void;
  onSideDrain(side: Side): void;
  onClientClosed(): void;
  onUpstreamClosed(socket: Socket): void;
}

/** A socket that knows its owner; without one its events are nobody's. */
export type OwnedSocket = Socket & { exeatOwner?: SocketOwner };

/** Watches a client's socket. Handlers are shared by all sockets, so that an idle connection holds no closures. */
export function watchClient(socket: OwnedSocket, owner: SocketOwner): void {
  socket.on('error', destroyBroken);
  socket.exeatOwner = owner;
  socket.on('data', onClientData);
  socket.on('end', onClientEnd);
  socket.on('drain', onClientDrain);
  socket.on('close', onClientClose);
  socket.pause();
}

/** Stops reading a client's socket in clear text: TLS takes it over. Its close is still told. */
export function unwatchClientBytes(socket: OwnedSocket): void {
  socket.removeListener('data', onClientData);
  socket.removeListener('end', onClientEnd);
  socket.removeListener('drain', onClientDrain);
}

/** Watches an upstream's socket; its bytes come by `onread`. */
export function watchUpstream(socket: OwnedSocket, owner: SocketOwner): void {
  socket.on('error', destroyBroken);
  socket.exeatOwner = owner;
  socket.on('end', onUpstreamEnd);
  socket.on('drain', onUpstreamDrain);
  socket.on('close', onUpstreamClose);
}

/** What follows an error is always `close`: everything is done there. */
export function destroyBroken(this: Socket): void {
  this.destroy();
}

/** Closes a socket at once, with RST where it is a TCP socket. */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  // While a shutdown is on its way libuv refuses to reset (EINVAL), and Node then loses the descriptor. All was written by then, so
  // closing tells the peer nothing else.
  const isShuttingDown = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (socket instanceof TLSSocket || isShuttingDown) socket.destroy();
  else socket.resetAndDestroy();
}

/**
 * Writes when the conversation waits again: it sends a head and what follows it apart, and every write on a socket costs 15 to 20 µs.
 * To be followed by {@link uncork}.
 */
export function writeCorked(socket: Socket, bytes: Uint8Array): void {
  if (socket.writableCorked === 0) socket.cork();
  socket.write(bytes);
}

/** Writes what was held by {@link writeCorked}. */
export function uncork(client: Socket, upstream: Socket | null): void {
  client.uncork();
  upstream?.uncork();
}

/** Whether fewer than so many bytes wait for a socket, once what was held is with the kernel. */
export function hasRoom(socket: Socket, maxQueuedBytes: number): boolean {
  if (socket.writableLength >= maxQueuedBytes) socket.uncork();
  return socket.writableLength < maxQueuedBytes;
}

/** Has the kernel probe a silent peer, so that one that is gone is found. */
export function keepAlive(socket: Socket | null): void {
  socket?.setKeepAlive(true, probeAfterMs);
}

/** Where a client connected to: `127.0.0.1:3128`. */
export function localAuthorityOf({ localAddress = '', localPort = 0 }: Socket): string {
  const host = localAddress.startsWith('::ffff:') && localAddress.includes('.') ? localAddress.slice(7) : localAddress;
  return host.includes(':') ? `[${host}]:${localPort}` : `${host}:${localPort}`;
}

/** The local end of a connection, read as a destination; null once the socket is gone. */
export function aimedAtOf({ localAddress = '', localPort = 0 }: Socket): AimedAt | null {
  const parsed = parseIpAddress(localAddress.replace(/%.*$/, ''));
  return parsed.ok && localPort > 0 ? { address: unmapPeerAddress(parsed.value), port: localPort } : null;
}

/** Hands over everything in a queue. */
export function flushQueue(queue: SideQueue, write: (bytes: Uint8Array) => void): void {
  for (let bytes = queue.shift(); bytes !== null; bytes = queue.shift()) write(bytes);
}

/** Bytes followed by everything in a queue. */
export function joinQueue(first: Uint8Array, queue: SideQueue): Uint8Array {
  const parts = [first];
  flushQueue(queue, (bytes) => parts.push(bytes));
  return parts.length === 1 ? first : Buffer.concat(parts);
}

function onClientData(this: OwnedSocket, bytes: Buffer): void {
  this.exeatOwner?.onClientBytes(bytes);
}

function onClientEnd(this: OwnedSocket): void {
  this.exeatOwner?.onSideEnd('client');
}

function onClientDrain(this: OwnedSocket): void {
  this.exeatOwner?.onSideDrain('client');
}

function onClientClose(this: OwnedSocket): void {
  this.exeatOwner?.onClientClosed();
}

function onUpstreamEnd(this: OwnedSocket): void {
  this.exeatOwner?.onSideEnd('upstream');
}

function onUpstreamDrain(this: OwnedSocket): void {
  this.exeatOwner?.onSideDrain('upstream');
}

function onUpstreamClose(this: OwnedSocket): void {
  this.exeatOwner?.onUpstreamClosed(this);
}
