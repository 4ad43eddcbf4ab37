import assert from 'node:assert/strict';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { encode, RECURSION_DESIRED } from 'dns-packet';
import { driverForTest } from '../../../test/support/driver.ts';
import { createDnsListener, type DnsListener } from './create-dns-listener.ts';
import type { AnswerQuery, DnsTransport } from './dns-client.ts';
import type { DnsListenerOptions } from './listen-options.ts';

/** A clock that a test sets. */
export interface HandClock {
  nowMs: number;
  now(): number;
}

/** A clock that stands at a round time until it is moved. */
export function createHandClock(): HandClock {
  const clock: HandClock = { nowMs: 1_700_000_000_000, now: () => clock.nowMs };
  return clock;
}

/** A filter that gives every query back at once, with QR set. */
export const echoQuery: AnswerQuery = (query, _client, into) => {
  into.set(query);
  into[2] = (into[2] ?? 0) | 0x80;
  return query.length;
};

/** A query in bytes for a name and A, with RD. */
export function queryFor(name: string, id = 4711): Buffer {
  return encode({ type: 'query', id, flags: RECURSION_DESIRED, questions: [{ type: 'A', name, class: 'IN' }] });
}

/** What `startListener` takes: the options of the listener, all with a default, and where it listens. */
export interface ListeningOptions extends Partial<DnsListenerOptions> {
  /** Default: UDP and TCP. */
  readonly transports?: readonly DnsTransport[];
  /** Default: 127.0.0.1. */
  readonly host?: string;
}

/** A listener of a test, and the port of each of its transports. */
export interface Listening {
  readonly listener: DnsListener;
  port(transport: DnsTransport): number;
  reasons(): ReturnType<DnsListener['counts']>['reasons'];
}

/** Listens on loopback, on free ports. The test closes it. */
export async function startListener(options: ListeningOptions = {}): Promise<Listening> {
  const { transports = ['udp', 'tcp'], host = '127.0.0.1', ...given } = options;
  const clock = { now: () => Date.now() };
  const { createDatagramSocket } = driverForTest();
  const listener = createDnsListener({ answer: echoQuery, ttlOf: () => 60, clock, createDatagramSocket, ...given });
  const listening = await listener.listen(transports.map((transport) => ({ transport, host, port: 0 })));
  assert.ok(listening.ok, JSON.stringify(listening));
  return {
    listener,
    port: (transport) => listener.addresses.find((each) => each.transport === transport)?.port ?? 0,
    reasons: () => listener.counts().reasons,
  };
}

/** A UDP client that keeps what comes. */
export interface UdpClient {
  readonly got: Buffer[];
  send(bytes: Uint8Array, port: number): void;
  close(): void;
}

/** Opens a UDP client on loopback. */
export async function openUdpClient(host = '127.0.0.1'): Promise<UdpClient> {
  const socket: UdpSocket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const got: Buffer[] = [];
  socket.on('message', (bytes) => got.push(bytes));
  socket.bind(0, host);
  await once(socket, 'listening');
  return { got, send: (bytes, port) => socket.send(bytes, port, host), close: () => socket.close() };
}

/** A TCP client that keeps the messages that come, each without its length. */
export interface StreamClient {
  readonly socket: Socket;
  readonly got: Buffer[];
  isClosed(): boolean;
}

/** Keeps what comes on a connection. */
export function watchMessages(socket: Socket): StreamClient {
  const got: Buffer[] = [];
  let held = Buffer.alloc(0);
  let isClosed = false;
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    isClosed = true;
  });
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      const end = 2 + held.readUInt16BE(0);
      got.push(held.subarray(2, end));
      held = held.subarray(end);
    }
  });
  return { socket, got, isClosed: () => isClosed };
}

/** Connects over TCP from an address of loopback. */
export async function openTcpClient(port: number, from = '127.0.0.1'): Promise<StreamClient> {
  const host = from.includes(':') ? '::1' : '127.0.0.1';
  const client = watchMessages(connect({ host, port, localAddress: from, noDelay: true }));
  // One that is reset is a client all the same.
  await new Promise((resolve) => client.socket.once('connect', resolve).once('close', resolve));
  return client;
}

/** A message behind its length. */
export function framed(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(message.length + 2);
  bytes.writeUInt16BE(message.length);
  bytes.set(message, 2);
  return bytes;
}

/** Waits until something holds, at most five seconds. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const endsAt = Date.now() + 5_000;
  while (!holds()) {
    assert.ok(Date.now() < endsAt, `in five seconds: ${what}`);
    await delay(5);
  }
}
