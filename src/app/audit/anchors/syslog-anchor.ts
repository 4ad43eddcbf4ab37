import { readFile } from 'node:fs/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../../../base/index.ts';
import type { Anchor } from './anchor.ts';

/** Where a syslog receiver is. `authorities` is a PEM file, null for the authorities that Node ships. */
export interface SyslogReceiver {
  readonly host: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'tls';
  readonly authorities: string | null;
}

/** Facility 13 (log audit), severity 5 (notice): RFC 5424 section 6.2.1. */
const priority = 13 * 8 + 5;

/**
 * Sends each checkpoint as one RFC 5424 message with octet counting (RFC 6587, RFC 5425), on a connection of its own. Syslog acknowledges
 * nothing: sent is what the receiver let come to an end without a fault.
 */
export function createSyslogAnchor(receiver: SyslogReceiver, clock: Clock): Anchor {
  return {
    name: `syslog ${receiver.protocol}://${receiver.host}:${receiver.port}`,
    send: async (note, signal) => {
      const ca = receiver.authorities === null ? {} : { ca: await readFile(receiver.authorities) };
      const message = Buffer.from(syslogMessage(note, clock.now()));
      await sendWhole(openSocket(receiver, ca), Buffer.concat([Buffer.from(`${message.length} `), message]), signal);
    },
  };
}

/** A checkpoint as one line of syslog: `<109>1 … exeat … checkpoint - exeat checkpoint {"note":"…"}`, ASCII only. @internal */
export function syslogMessage(note: string, nowMs: number): string {
  const host =
    hostname()
      .replace(/[^!-~]/g, '')
      .slice(0, 255) || '-';
  const time = new Date(nowMs).toISOString();
  // Receivers differ in what they do to line feeds and to characters outside ASCII, so there are none.
  const text = JSON.stringify({ note }).replace(/[^ -~]/g, escapeCharacter);
  return `<${priority}>1 ${time} ${host} exeat ${process.pid} checkpoint - exeat checkpoint ${text}`;
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function openSocket({ host, port, protocol }: SyslogReceiver, ca: { readonly ca?: Buffer }): Socket {
  if (protocol === 'tcp') return connectTcp({ host, port });
  return connectTls({ host, port, minVersion: 'TLSv1.2', ...ca, ...(isIP(host) === 0 ? { servername: host } : {}) });
}

/** Syslog receivers may keep a connection open for ever; one that resets it does so at once. */
const lingerMs = 1_000;

function sendWhole(socket: Socket, bytes: Buffer, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    const abort = (): void => void socket.destroy(new TypeError('no answer in time'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    socket.on('finish', () => setTimeout(() => socket.destroy(), lingerMs).unref());
    socket.on('close', (hadError) => {
      signal.removeEventListener('abort', abort);
      if (!hadError) resolve();
    });
    // What a receiver says back means nothing here, and must not be kept.
    socket.resume();
    socket.end(bytes);
  });
}
