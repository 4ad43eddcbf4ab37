import { ok } from '../../base/index.ts';
import type { LineOutcome, ObservationSink } from '../observation.ts';
import { type ConntrackEntry, readConntrackEntry } from './conntrack-entry.ts';
import type { LineParser, LogFormat } from './log-format.ts';
import type { LogLine } from './log-line.ts';
import { parseEpochTime } from './parse-time.ts';
import { hasPorts } from './protocol-number.ts';
import { shareOfLines } from './share-of-lines.ts';

/** Connections whose beginning was seen and whose end is awaited; beyond, the oldest are forgotten and count once more at their end. */
const mostOpen = 65_536;

/** The kernel's own table of connections: `conntrack -L`, `/proc/net/nf_conntrack` and the events of `conntrack -E`. */
export const conntrackFormat: LogFormat = {
  id: 'conntrack',
  title: 'Linux connection tracking',
  fields: {
    names: 'none',
    destinationAddress: true,
    bytesUp: true,
    bytesDown: true,
    identity: false,
    denials: false,
    unit: 'connection',
    time: 'end',
    blindSpots: [
      'A listing of conntrack shows one moment: what ended before is not there, and what lives in two listings is counted twice.',
      'A listing has no times, so its connections are taken to be of the time of reading.',
      'Without `nf_conntrack_acct` conntrack has no bytes.',
      'Connection tracking knows nothing that was refused before it: dropped packets make no entry.',
      'Connection tracking of a host does not say which process opened a connection, nor whether it came from outside.',
    ],
  },
  isOrdered: true,
  grammar: null,
  detect: (sample) => shareOfLines(sample, (text) => isSummary(text) || readConntrackEntry(text) !== null),
  learn: () => null,
  createParser: ({ nowMs }) => ok(new ConntrackParser(nowMs)),
};

class ConntrackParser implements LineParser {
  readonly #nowMs: number;
  /** Tuples of `[NEW]` events without their `[DESTROY]` yet, oldest first. */
  readonly #open = new Set<string>();

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  parse(line: LogLine, sink: ObservationSink): LineOutcome {
    const text = line.text();
    if (isSummary(text)) return 'header';
    const entry = readConntrackEntry(text);
    if (entry === null) return text.includes('src=') ? 'bad_fields' : 'other_format';
    const endMs = this.#timeOf(entry, line.receivedMs);
    if (Number.isNaN(endMs)) return 'bad_time';
    const { sourcePort, destinationPort, bytes } = entry.original;
    if (Number.isNaN(sourcePort + destinationPort + bytes + entry.bytesBack + entry.ageSeconds)) return 'bad_number';
    // States on the way: told again at the end.
    if (entry.event === 'UPDATE') return 'repeated';
    const wasCounted = this.#noteEvent(entry);
    if (wasCounted && bytes < 0) return 'repeated';
    return writeFlow(entry, endMs, wasCounted, sink);
  }

  #timeOf({ time }: ConntrackEntry, receivedMs: number): number {
    if (time !== '') return parseEpochTime(time);
    return Number.isNaN(receivedMs) ? this.#nowMs : receivedMs;
  }

  /** Whether the connection was counted at its beginning. */
  #noteEvent({ event, protocol, original }: ConntrackEntry): boolean {
    if (event === null) return false;
    const { source, destination, sourcePort, destinationPort } = original;
    const key = `${protocol} ${source} ${sourcePort} ${destination} ${destinationPort}`;
    if (event === 'DESTROY') return this.#open.delete(key);
    const [oldest] = this.#open;
    if (this.#open.size >= mostOpen && oldest !== undefined) this.#open.delete(oldest);
    this.#open.add(key);
    return false;
  }
}

/**
 * The first packet opened the connection, so the original tuple is who asked and what was asked for. What NAT made of it stands in the
 * reply tuple and is left out: a masqueraded source is still who asked, and an allowlist is for what was dialled.
 */
function writeFlow(
  { event, protocol, original, bytesBack, ageSeconds }: ConntrackEntry,
  endMs: number,
  wasCounted: boolean,
  sink: ObservationSink,
): LineOutcome {
  const draft = sink.beginFlow();
  draft.startMs = ageSeconds < 0 ? endMs : endMs - ageSeconds * 1000;
  draft.endMs = endMs;
  draft.client = sink.text(original.source);
  draft.address = sink.text(original.destination);
  draft.port = hasPorts(protocol) ? original.destinationPort : 0;
  draft.protocol = protocol <= 255 ? protocol : 0;
  draft.connections = wasCounted ? 0 : 1;
  // The bytes of a beginning are within those of the end.
  if (event !== 'NEW') {
    draft.bytesUp = original.bytes;
    draft.bytesDown = bytesBack;
  }
  return sink.endFlow();
}

/** `conntrack v1.4.8 (conntrack-tools): 12 flow entries have been shown.` */
function isSummary(text: string): boolean {
  return /^conntrack v\d\S* \(conntrack-tools\)/.test(text);
}
