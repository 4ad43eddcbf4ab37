import { readCount, readPort } from './host-port.ts';
import { known } from './json-record.ts';

/** One direction of an entry: the tuple that the kernel expects its packets to have. */
export interface ConntrackTuple {
  readonly source: string;
  readonly destination: string;
  /** -1 where the protocol has none, NaN for what is no port. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** -1 where accounting (`nf_conntrack_acct`) is off, NaN for what is no count. */
  readonly bytes: number;
}

/** A line of conntrack. */
export interface ConntrackEntry {
  /** Of an event with `-o timestamp`; empty otherwise. */
  readonly time: string;
  readonly event: 'NEW' | 'UPDATE' | 'DESTROY' | null;
  readonly protocol: number;
  readonly original: ConntrackTuple;
  /** Bytes of the other direction; of its addresses only NAT would be to learn. */
  readonly bytesBack: number;
  /** How long it has lived (`nf_conntrack_timestamp`); -1 where that is not kept. */
  readonly ageSeconds: number;
}

const head =
  /^\s*(?:\[(\d+(?:\.\d+)?)\s*\]\s*)?(?:\[(NEW|UPDATE|DESTROY)\]\s+)?(?:ipv[46]\s+\d+\s+)?[a-z][a-z0-9-]*\s+(\d{1,3})\s+(.*)$/;

/** Reads a line of `conntrack -L` or `-E` or of `/proc/net/nf_conntrack`; null for anything else. */
export function readConntrackEntry(line: string): ConntrackEntry | null {
  const found = head.exec(line);
  if (found === null) return null;
  const [, time = '', event, protocol = '', rest = ''] = found;
  const [original, reply, common] = tuplesOf(rest);
  const [source, destination] = [known(original.get('src') ?? ''), known(original.get('dst') ?? '')];
  if (source === '' || destination === '' || !reply.has('src')) return null;
  return {
    time,
    event: event === 'NEW' || event === 'UPDATE' || event === 'DESTROY' ? event : null,
    protocol: Number(protocol),
    original: {
      source,
      destination,
      sourcePort: portOf(original.get('sport')),
      destinationPort: portOf(original.get('dport')),
      bytes: countOf(original.get('bytes')),
    },
    bytesBack: countOf(reply.get('bytes')),
    ageSeconds: countOf(common.get('delta-time')),
  };
}

type Pairs = ReadonlyMap<string, string>;

/** The pairs of the original direction, of the reply (from the second `src=` on), and those of the whole entry. */
function tuplesOf(text: string): readonly [original: Pairs, reply: Pairs, common: Pairs] {
  const [original, reply, common] = [new Map<string, string>(), new Map<string, string>(), new Map<string, string>()];
  for (const word of text.split(/\s+/)) {
    const equals = word.indexOf('=');
    if (equals <= 0) continue;
    const [key, value] = [word.slice(0, equals), word.slice(equals + 1)];
    const isReply = reply.size > 0 || (key === 'src' && original.has('src'));
    if (!directional.has(key)) common.set(key, value);
    else if (isReply) reply.set(key, value);
    else original.set(key, value);
  }
  return [original, reply, common];
}

const directional: ReadonlySet<string> = new Set(['src', 'dst', 'sport', 'dport', 'packets', 'bytes']);

function portOf(text: string | undefined): number {
  if (text === undefined) return -1;
  const port = readPort(text);
  return port < 0 ? Number.NaN : port;
}

function countOf(text: string | undefined): number {
  if (text === undefined) return -1;
  const count = readCount(text);
  return count < 0 ? Number.NaN : count;
}
