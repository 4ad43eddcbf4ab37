import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Ending, ended } from '../ending.ts';
import { hasProof, type Mark, markText } from '../mark.ts';
import type { ProbeTarget, Way } from '../way.ts';
import { type Line, talk } from './line.ts';
import { splitFirstWrite } from './split-first-write.ts';

/** What an attempt is: see {@link Way}. */
export type Attempt = Way['attempt'];

/** Which address of the canary is meant: its IPv4 one, its IPv6 one, or what the system resolver finds for a name. */
export type Whither = 'ipv4' | 'ipv6' | 'name' | 'allowed';

/** The host to dial; empty where the needs of the way were not looked at. */
export function hostOf(target: ProbeTarget, whither: Whither): string {
  const hosts = { ipv4: target.ipv4, ipv6: target.ipv6, name: target.canary, allowed: target.allowed };
  return hosts[whither] ?? '';
}

/** Opens a TCP connection; small parts go out as they are written. */
export function dial(host: string, port: number): Socket {
  return connect({ host, port, noDelay: true });
}

/** Waits for the canary's answer to a mark. */
export async function awaitProof(line: Line, mark: Mark): Promise<Ending> {
  const found = await line.read((all) => (hasProof(all, mark) ? true : null));
  return found.ok ? ended('token') : found.fault;
}

/** Sends bytes over TCP as soon as it is connected and waits for the canary's answer. */
export function tcpAttempt(
  whither: Whither,
  port: number | 'canary',
  write: (target: ProbeTarget, mark: Mark) => Uint8Array = (_, mark) => Buffer.from(`${markText(mark)}\n`),
): Attempt {
  return (target, mark) =>
    talk(
      {
        open: () => dial(hostOf(target, whither), port === 'canary' ? target.canaryPort : port),
        readyEvent: 'connect',
        timeoutMs: target.timeoutMs,
      },
      async (line) => {
        const ready = await line.ready();
        if (!ready.ok) return ready.fault;
        line.send(write(target, mark));
        return awaitProof(line, mark);
      },
    );
}

/** How a TLS client of ours differs from an honest one. */
export interface TlsAttempt {
  readonly whither: Whither;
  readonly port: number;
  /** The server name; null sends none. */
  readonly serverName: (target: ProbeTarget) => string | null;
  /** The hello in tiny segments, or in many records. Default: as it comes. */
  readonly split?: 'segments' | 'records';
  /** What is said inside. Default: an HTTP request for the mark. */
  readonly write?: (target: ProbeTarget, mark: Mark) => Uint8Array;
}

/** A whole TLS handshake with the canary, whose certificate nobody vouches for, and a request inside. */
export function tlsAttempt(options: TlsAttempt): Attempt {
  const write = options.write ?? ((_, mark) => Buffer.from(`GET /${markText(mark)} HTTP/1.1\r\nHost: canary\r\n\r\n`));
  return (target, mark) =>
    talk(
      {
        open: () => {
          const socket = dial(hostOf(target, options.whither), options.port);
          const serverName = options.serverName(target);
          return connectTls({
            socket: options.split === undefined ? socket : splitFirstWrite(socket, options.split),
            // What counts is the proof; whoever answers without it is nobody.
            rejectUnauthorized: false,
            ...(serverName === null ? {} : { servername: serverName }),
          });
        },
        readyEvent: 'secureConnect',
        timeoutMs: target.timeoutMs,
      },
      async (line) => {
        const ready = await line.ready();
        if (!ready.ok) return ready.fault;
        line.send(write(target, mark));
        return awaitProof(line, mark);
      },
    );
}

/** A handshake with a public server that proves its name: nobody between could. No request is made. */
export function verifiedAttempt(address: string, port: number, name: string): Attempt {
  return (target) =>
    talk(
      {
        open: () => connectTls({ host: address, port, servername: name, rejectUnauthorized: true }),
        readyEvent: 'secureConnect',
        timeoutMs: target.timeoutMs,
      },
      async (line) => {
        const ready = await line.ready();
        return ready.ok ? ended('verified') : ready.fault;
      },
    );
}
