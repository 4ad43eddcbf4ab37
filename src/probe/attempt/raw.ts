import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { type Ending, ended } from '../ending.ts';
import { type Mark, markText, proofBytes, proofText } from '../mark.ts';
import { type UdpPacket, writeEcho, writeUdpFragments, writeUdpPacket } from '../packets/ip-packet.ts';
import type { ProbeTarget } from '../way.ts';
import { awaitDatagram } from './datagrams.ts';
import { exchangeRaw, type RawAnswer, type RawExchange } from './raw-helper.ts';
import type { Attempt } from './streams.ts';

/** The port of the canary to which crafted datagrams go. */
const udpPort = 41_443;
// Below any path's size, and cuts the mark in two.
const fragmentBytes = 24;

/** An echo request with the mark as data. The kernel of the canary answers it, which is an echo and no proof: nobody is between. */
export function echoAttempt(version: 4 | 6): Attempt {
  return async (target, mark) => {
    const data = Buffer.from(markText(mark));
    const to = (version === 4 ? target.ipv4 : target.ipv6) ?? '';
    if (target.helper === null) return pingWith(to, data, target.timeoutMs);
    const answer = await exchangeRaw({
      helper: target.helper,
      timeoutMs: target.timeoutMs,
      to,
      kind: target.isRoot ? `raw${version}` : `ping${version}`,
      ...echoParts(data, version, target.isRoot),
    });
    const ending = endingOf(answer, ended('echoed'));
    // Who may not open such a socket may still start a program that may.
    if (ending.how !== 'not_permitted') return ending;
    const pinged = await pingWith(to, data, target.timeoutMs);
    return pinged.how === 'lacking' ? ending : pinged;
  };
}

// Errors repeat what was sent; the reply as a whole is only in the reply. Sockets that are not raw are given no errors.
function echoParts(
  data: Uint8Array,
  version: 4 | 6,
  isRaw: boolean,
): Pick<RawExchange, 'number' | 'packets' | 'awaited'> {
  if (version === 6) return { number: 58, packets: [writeEcho(data, 'request6')], awaited: [data] };
  return { number: 1, packets: [writeEcho(data, 'request4')], awaited: [isRaw ? writeEcho(data, 'reply4') : data] };
}

/** A packet of an IP protocol without ports, straight to the canary, whose listener answers by the same protocol. */
export function protocolAttempt(protocol: number): Attempt {
  return async (target, mark) => {
    const inner = writeUdpPacket(crafted(target, mark, { from: '192.0.2.1', fromPort: udpPort }));
    // GRE has four bytes of its own in front (RFC 2784), the others begin with what they carry.
    const payload = protocol === 47 ? Buffer.concat([Buffer.from([0, 0, 8, 0]), inner]) : inner;
    const answer = await exchangeRaw({
      helper: target.helper ?? 'perl',
      kind: 'raw4',
      number: protocol,
      to: target.ipv4 ?? '',
      packets: [payload],
      awaited: [proofBytes(mark), Buffer.from(proofText(mark))],
      timeoutMs: target.timeoutMs,
    });
    return endingOf(answer, ended('token'));
  };
}

/** A datagram whose IP header is made here, whole or in fragments: the kernel fills in the source. */
export function headerAttempt(isInFragments: boolean): Attempt {
  return (target, mark) =>
    awaitDatagram({ mark, timeoutMs: target.timeoutMs }, async (fromPort) => {
      const packet = crafted(target, mark, { from: '0.0.0.0', fromPort });
      const packets = isInFragments ? writeUdpFragments(packet, fragmentBytes) : [writeUdpPacket(packet)];
      return sendOnly(target, { kind: 'header', number: 255, to: packet.to, packets });
    });
}

/** A datagram put on the wire below the filters of this machine, to the gateway's MAC. */
export const packetAttempt: Attempt = async (target, mark) => {
  const { address, device } = target.gateway ?? { address: '', device: '' };
  const from = await sourceTowards(address);
  const mac = await findMac(address, device);
  if (mac === null) return ended('lacking', 'the gateway does not tell its MAC');
  const interfaceIndex = Number(readFileSync(`/sys/class/net/${device}/ifindex`, 'utf8'));
  return awaitDatagram({ mark, timeoutMs: target.timeoutMs }, (fromPort) =>
    sendOnly(target, {
      kind: 'packet',
      number: interfaceIndex,
      to: mac.replaceAll(':', ''),
      packets: [writeUdpPacket(crafted(target, mark, { from, fromPort }))],
    }),
  );
};

/** A stream to the host of a virtual machine, past every network (vsock(7)): context 2 is the host. */
export const vsockAttempt: Attempt = async (target) => {
  const answer = await exchangeRaw({
    helper: target.helper ?? 'perl',
    kind: 'vsock',
    number: 1024,
    to: '2',
    packets: [],
    awaited: [],
    timeoutMs: target.timeoutMs,
  });
  return endingOf(answer, ended('connected'));
};

function crafted(target: ProbeTarget, mark: Mark, { from, fromPort }: Pick<UdpPacket, 'from' | 'fromPort'>): UdpPacket {
  return { from, fromPort, to: target.ipv4 ?? '', toPort: udpPort, payload: Buffer.from(markText(mark)) };
}

async function sendOnly(
  target: ProbeTarget,
  what: Pick<RawExchange, 'kind' | 'number' | 'to' | 'packets'>,
): Promise<Ending | null> {
  const answer = await exchangeRaw({
    ...what,
    helper: target.helper ?? 'perl',
    awaited: [],
    timeoutMs: target.timeoutMs,
  });
  return answer.kind === 'ended' ? answer.ending : null;
}

function endingOf(answer: RawAnswer, success: Ending): Ending {
  return answer.kind === 'ended' ? answer.ending : success;
}

// The address that this machine has towards another one. The datagram to the port of nobody makes the kernel ask for the MAC.
function sourceTowards(host: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const end = (address: string): void => {
      socket.close();
      resolve(address);
    };
    socket.on('error', () => end('0.0.0.0'));
    socket.connect(9, host, () => {
      const { address } = socket.address();
      socket.send('', () => end(address));
    });
  });
}

// Asking takes a moment on the link.
async function findMac(address: string, device: string): Promise<string | null> {
  for (let tries = 0; tries < 5; tries++) {
    const mac = readMac(readFileSync('/proc/net/arp', 'utf8'), address, device);
    if (mac !== null) return mac;
    await setTimeout(100);
  }
  return null;
}

function readMac(neighbours: string, address: string, device: string): string | null {
  const rows = neighbours.split('\n').map((line) => line.split(/\s+/));
  const row = rows.find(([ip, , , mac, , dev]) => ip === address && dev === device && mac !== '00:00:00:00:00:00');
  return row?.[3] ?? null;
}

// Without an interpreter the program for it may be there, which takes 16 bytes of data.
function pingWith(to: string, data: Buffer, timeoutMs: number): Promise<Ending> {
  const seconds = String(Math.max(1, Math.round(timeoutMs / 1000)));
  const words = ['-n', '-c', '1', '-W', seconds, '-p', data.subarray(12, 28).toString('hex'), to];
  return new Promise((resolve) => {
    execFile('ping', words, { timeout: timeoutMs + 2_000 }, (error) => {
      if (error === null) return resolve(ended('echoed'));
      return resolve(error.code === 'ENOENT' ? ended('lacking', 'needs perl, python3 or ping') : ended('timeout'));
    });
  });
}
