import { getServers } from 'node:dns';
import { bareQuery, dnsTypes, writeMessage } from '../../wire/index.ts';
import { type Ending, ended, endings } from '../ending.ts';
import { type Mark, markText } from '../mark.ts';
import type { ProbeTarget } from '../way.ts';
import { exchangeDatagram } from './datagrams.ts';
import { talk } from './line.ts';
import { type Attempt, awaitProof, dial, hostOf, tlsAttempt } from './streams.ts';

/** Which server is asked. `system` is what this machine asks; public ones are asked in turn. */
export type DnsServer = 'ipv4' | 'ipv6' | 'system' | 'gateway' | 'public';

/** Open resolvers that anybody may ask, each with the name that its certificate proves. */
export const publicResolvers: readonly { readonly id: string; readonly address: string; readonly name: string }[] = [
  { id: 'cloudflare', address: '1.1.1.1', name: 'one.one.one.one' },
  { id: 'google', address: '8.8.8.8', name: 'dns.google' },
  { id: 'quad9', address: '9.9.9.9', name: 'dns.quad9.net' },
];

/** A question whose name carries the mark; the answer carries the proof, in TXT or in the name of an alias. */
export function dnsAttempt(server: DnsServer, transport: 'udp' | 'tcp', type: 'a' | 'txt', port = 53): Attempt {
  return async (target, mark) => {
    const bytes = writeQuestion(target, mark, type);
    const hosts = serversOf(target, server);
    const endingsOfAll = await Promise.all(
      hosts.map((host) =>
        transport === 'udp'
          ? exchangeDatagram({ host, port, bytes, mark, timeoutMs: target.timeoutMs })
          : askByTcp(host, port, bytes, { target, mark }),
      ),
    );
    return worstOf(endingsOfAll);
  };
}

/** DNS over TLS (RFC 7858) or HTTPS (RFC 8484) to the canary. */
export function secureDnsAttempt(kind: 'dot' | 'doh'): Attempt {
  return tlsAttempt({
    whither: 'ipv4',
    port: kind === 'dot' ? 853 : 443,
    serverName: ({ canary }) => canary,
    write: (target, mark) => {
      const question = writeQuestion(target, mark, 'txt');
      return kind === 'dot' ? withLength(question) : writeDohRequest(target, question);
    },
  });
}

function writeDohRequest(target: ProbeTarget, question: Uint8Array): Uint8Array {
  const head = `POST /dns-query HTTP/1.1\r\nHost: ${target.canary ?? hostOf(target, 'ipv4')}\r\nContent-Type: application/dns-message\r\nContent-Length: ${question.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), question]);
}

function serversOf(target: ProbeTarget, server: DnsServer): readonly string[] {
  if (server === 'public') return publicResolvers.map(({ address }) => address);
  if (server === 'gateway') return target.gateway === null ? [] : [target.gateway.address];
  // A server may be written with a port, and IPv6 in brackets then; this asks port 53 in any case.
  if (server === 'system')
    return getServers().map((text) => /^\[(.+)\]/.exec(text)?.[1] ?? text.replace(/^([\d.]+):\d+$/, '$1'));
  return [hostOf(target, server)];
}

function askByTcp(
  host: string,
  port: number,
  question: Uint8Array,
  { target, mark }: { readonly target: ProbeTarget; readonly mark: Mark },
): Promise<Ending> {
  return talk({ open: () => dial(host, port), readyEvent: 'connect', timeoutMs: target.timeoutMs }, async (line) => {
    const ready = await line.ready();
    if (!ready.ok) return ready.fault;
    line.send(withLength(question));
    return awaitProof(line, mark);
  });
}

// One open server is enough.
function worstOf(all: readonly Ending[]): Ending {
  return all.find(({ how }) => endings[how].result === 'open') ?? all[0] ?? ended('lacking', 'no resolver is set');
}

function writeQuestion(target: ProbeTarget, mark: Mark, type: 'a' | 'txt'): Uint8Array {
  const zone = target.zone ?? target.canary ?? 'exeat-probe.example';
  const question = bareQuery(`${markText(mark)}.${zone}`, dnsTypes[type]);
  return writeMessage({ ...question, id: Math.floor(Math.random() * 0x10000) });
}

function withLength(message: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]);
}
