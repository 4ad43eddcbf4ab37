import { ok } from '../../base/index.ts';
import { classifyAddress, parseIpAddress } from '../../destination/index.ts';
import type { FlowDraft, LineOutcome, ObservationSink } from '../observation.ts';
import { readCount, readPort } from './host-port.ts';
import { known, parseJsonRecord, textAt } from './json-record.ts';
import type { LocalZone, LogFormat } from './log-format.ts';
import type { LogLine } from './log-line.ts';
import { isNetfilterLine, type NetfilterPacket, parseNetfilterPacket } from './netfilter-packet.ts';
import { orientFlow } from './orient-flow.ts';
import { monthNumber, parseEpochTime, wallClock } from './parse-time.ts';
import { hasPorts, readProtocol } from './protocol-number.ts';
import { shareOfLines } from './share-of-lines.ts';

/**
 * Packets that a LOG rule of iptables or nftables wrote to the kernel's log, taken from syslog, the journal (`-o json`) or `dmesg -T`.
 * Each record is one packet: only the one that opens a connection counts as one.
 */
export const netfilterFormat: LogFormat = {
  id: 'netfilter',
  title: 'iptables and nftables LOG',
  fields: {
    names: 'none',
    destinationAddress: true,
    bytesUp: true,
    bytesDown: true,
    identity: true,
    denials: true,
    unit: 'packet',
    time: 'start',
    blindSpots: [
      'Only packets that reach a rule with LOG are seen, and most such rules log the first packet of a connection or the refused ones only.',
      'Rate limits of rules and of the kernel leave packets out without a trace.',
      'Bytes are those of the logged packets and not of their connections.',
      'What became of a packet is known only where the prefix of the rule says so.',
      'The user is known only for packets that the machine itself sent.',
    ],
  },
  isOrdered: false,
  grammar: null,
  detect: (sample) => shareOfLines(sample, isNetfilterLine),
  learn: () => null,
  createParser: ({ zone }) => ok({ parse: (line, sink) => parseLine(line, zone, sink) }),
};

function parseLine(line: LogLine, zone: LocalZone, sink: ObservationSink): LineOutcome {
  const { text, timeMs } = readMessage(line, zone);
  const packet = parseNetfilterPacket(text);
  // The kernel's log holds more than packets.
  if (packet === null) return /^kernel\b/.test(text) ? 'not_network' : 'other_format';
  if (!packet.fields.has('PROTO')) return text.includes(' ARP ') ? 'not_network' : 'bad_fields';
  return Number.isNaN(timeMs) ? 'bad_time' : takePacket(packet, timeMs, sink);
}

function readMessage(line: LogLine, zone: LocalZone): { readonly text: string; readonly timeMs: number } {
  const text = line.text();
  const entry = parseJsonRecord(text);
  if (entry !== null && typeof entry['MESSAGE'] === 'string') {
    return { text: entry['MESSAGE'], timeMs: parseEpochTime(textAt(entry, '__REALTIME_TIMESTAMP')) };
  }
  return { text, timeMs: Number.isNaN(line.receivedMs) ? readKernelTime(text, zone) : line.receivedMs };
}

/** The time of `dmesg -T`, local: `[Fri Nov 20 10:00:00 2026] …`. Seconds since boot are no time. */
function readKernelTime(text: string, zone: LocalZone): number {
  const found = /^\[[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4})\]/.exec(text);
  if (found === null) return Number.NaN;
  const [, month = '', day, hour, minute, second, year] = found;
  return zone.toEpochMs(wallClock([year, monthNumber(month), day, hour, minute, second]));
}

function takePacket(packet: NetfilterPacket, timeMs: number, sink: ObservationSink): LineOutcome {
  const sides = readSides(packet);
  if (typeof sides === 'string') return sides;
  const { protocol } = sides;
  const draft = sink.beginFlow();
  orientFlow(draft, {
    ...sides,
    source: sink.text(sides.source),
    destination: sink.text(sides.destination),
    bytesBack: -1,
    tcpFlags: flagsOf(packet, protocol),
  });
  if (isFromOutside(packet, draft.isReply ? sides.destination : sides.source)) return 'inbound';
  draft.startMs = timeMs;
  draft.endMs = timeMs;
  draft.protocol = protocol;
  draft.isDenied = isDenial(packet.prefix);
  draft.connections = countOf(draft);
  const user = known(packet.fields.get('UID') ?? '');
  // The user is whose socket sent the packet: of an answer that is the server's.
  if (user !== '' && !draft.isReply) draft.user = sink.text(`uid:${user}`);
  return sink.endFlow();
}

interface Sides {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly protocol: number;
  readonly bytes: number;
  readonly opener: 'source' | 'destination' | null;
}

function readSides(packet: NetfilterPacket): Sides | LineOutcome {
  const { fields } = packet;
  const [source, destination] = [fields.get('SRC') ?? '', fields.get('DST') ?? ''];
  if (source === '' || destination === '') return 'bad_fields';
  const protocol = readProtocol(fields.get('PROTO') ?? '');
  const opener = openerOfEcho(protocol, Number(fields.get('TYPE')));
  if (opener === 'none') return 'not_network';
  const [sourcePort, destinationPort] = [portOf(packet, 'SPT', protocol), portOf(packet, 'DPT', protocol)];
  const bytes = readCount(fields.get('LEN') ?? '');
  if (Number.isNaN(sourcePort) || Number.isNaN(destinationPort) || bytes < 0) return 'bad_number';
  return { source, sourcePort, destination, destinationPort, protocol, bytes, opener };
}

/** Who sent an echo; null for other protocols; `none` for ICMP that is about other packets or about neighbours. */
function openerOfEcho(protocol: number, type: number): 'source' | 'destination' | 'none' | null {
  if (protocol === 1) return type === 8 ? 'source' : type === 0 ? 'destination' : 'none';
  if (protocol === 58) return type === 128 ? 'source' : type === 129 ? 'destination' : 'none';
  return null;
}

function portOf(packet: NetfilterPacket, key: string, protocol: number): number {
  if (protocol !== 0 && !hasPorts(protocol)) return 0;
  const text = packet.fields.get(key);
  // Fragments behind the first have no ports.
  if (text === undefined) return -1;
  const port = readPort(text);
  return port < 0 ? Number.NaN : port;
}

function flagsOf({ flags }: NetfilterPacket, protocol: number): number {
  return protocol === 6 ? (flags.has('SYN') ? 2 : 0) | (flags.has('ACK') ? 16 : 0) : -1;
}

/**
 * Whether a public address opened a connection to the very machine that logs, which has an interface on one side only. A private
 * one may be a client whose packet is logged before it is forwarded.
 */
function isFromOutside({ fields }: NetfilterPacket, client: string): boolean {
  const isArriving = fields.get('IN') !== '';
  const isLeaving = fields.get('OUT') !== '';
  if (isArriving === isLeaving || fields.get(isArriving ? 'SRC' : 'DST') !== client) return false;
  const address = parseIpAddress(client);
  return address.ok && classifyAddress(address.value).kind === 'public';
}

/** Of TCP only the packet that opens counts; of others, which have no such packet, every one on the way up, fragments aside. */
function countOf(draft: FlowDraft): number {
  if (draft.isReply || draft.port < 0) return 0;
  return draft.protocol !== 6 || draft.initiator === 'flags' ? 1 : 0;
}

/** The words by which the authors of rules say that a packet was stopped. Without one of them nothing is known. */
function isDenial(prefix: string): boolean {
  return /(?<![A-Za-z])(?:drop(?:ped|s)?|den(?:y|ied)|reject(?:ed)?|block(?:ed)?)(?![A-Za-z])/i.test(prefix);
}
