import { ok } from '../../base/index.ts';
import { type DecisionRecord, several } from '../../policy/index.ts';
import type { FlowDraft, LineOutcome, ObservationSink } from '../observation.ts';
import { countAt } from './count-at.ts';
import { splitHostPort } from './host-port.ts';
import { type JsonRecord, parseJsonRecord, recordOf, textAt, valueAt } from './json-record.ts';
import type { LogFormat, ParserOptions } from './log-format.ts';
import { parseIsoTime } from './parse-time.ts';
import { RecentRecords } from './recent-records.ts';
import { shareOfLines } from './share-of-lines.ts';
import { withoutSyslogTag } from './syslog-tag.ts';

type Kind = DecisionRecord['kind'];

const kinds: readonly Kind[] = ['verdict', 'progress', 'close', 'first-seen', 'break-glass'];

/** For records of old versions; about 400 bytes each. More flows than a proxy holds open at a time; the bytes of one that was forgotten are skipped and counted so. */
const maxOpenFlows = 65_536;

/**
 * Our own decision records, as the spool keeps them: who, where to and the verdict in one, the bytes in later ones of the same flow. Those say
 * themselves whose they are (`share`); of old versions, which did not, the verdict says it.
 */
export const exeatFormat: LogFormat = {
  id: 'exeat',
  title: 'Exeat decision records',
  fields: {
    names: 'record',
    destinationAddress: true,
    bytesUp: true,
    bytesDown: true,
    identity: true,
    denials: true,
    unit: 'connection',
    time: 'both',
    blindSpots: [
      'Traffic that does not go through Exeat has no record.',
      'Denials past a burst that differ in their destination are counted without it.',
      'Bytes in records of versions before `share` whose verdict is in another file are not attributed.',
    ],
  },
  isOrdered: true,
  grammar: null,
  detect: (sample) => shareOfLines(sample, isOurs),
  learn: () => null,
  createParser: (options) => {
    const open = new RecentRecords<OpenFlow>(maxOpenFlows);
    return ok({
      parse: (line, sink) => {
        const text = withoutSyslogTag(line.text());
        const record = parseJsonRecord(text);
        if (record === null) return text.trimStart().startsWith('{') ? 'bad_json' : 'other_format';
        return takeRecord(record, { open, options, sink });
      },
    });
  },
};

/** What a verdict said of a flow that lives, and what of its bytes was told. */
interface OpenFlow {
  readonly end: Endpoints;
  toldMs: number;
  toldUp: number;
  toldDown: number;
}

interface Endpoints {
  readonly service: string;
  readonly client: string;
  readonly name: string;
  readonly nameKind: FlowDraft['nameKind'];
  readonly address: string;
  readonly port: number;
  readonly protocol: number;
  readonly application: FlowDraft['application'];
}

interface Context {
  readonly open: RecentRecords<OpenFlow>;
  readonly options: ParserOptions;
  readonly sink: ObservationSink;
}

function isOurs(text: string): boolean {
  const record = parseJsonRecord(withoutSyslogTag(text));
  return kindOf(record) !== null && textAt(record, 'flow') !== '' && textAt(record, 'time') !== '';
}

function kindOf(record: JsonRecord | null): Kind | null {
  return kinds.find((kind) => kind === valueAt(record, 'kind')) ?? null;
}

function takeRecord(record: JsonRecord, context: Context): LineOutcome {
  const kind = kindOf(record);
  const flow = textAt(record, 'flow');
  if (kind === null || flow === '') return 'other_format';
  const timeMs = parseIsoTime(textAt(record, 'time'), context.options.zone);
  if (Number.isNaN(timeMs)) return 'bad_time';
  switch (kind) {
    case 'verdict':
      return takeVerdict(record, flow, timeMs, context);
    case 'progress':
    case 'close':
      return takeBytes(record, flow, timeMs, context);
    // The verdict of the same flow tells it.
    case 'first-seen':
      return 'repeated';
    // An act, no connection.
    case 'break-glass':
      return 'not_network';
    default:
      return kind satisfies never;
  }
}

function takeVerdict(record: JsonRecord, flow: string, timeMs: number, { open, sink }: Context): LineOutcome {
  const [point, stage, verdict] = [textAt(record, 'point'), textAt(record, 'stage'), valueAt(record, 'verdict')];
  // A question is no connection.
  if (point === 'dns') return 'not_network';
  if (verdict !== 'allow' && verdict !== 'deny') return 'bad_fields';
  // A live flow was judged again: it is counted already, and nobody asked for anything.
  if (stage === 'recheck') return 'repeated';
  const service = textAt(record, 'principal', 'service');
  const end = endpointsOf(record, service, stage);
  if (end.name === '') return 'no_destination';
  const connections = 'repeats' in record ? countAt(record, 'repeats') : 1;
  if (!(connections > 0)) return 'bad_number';
  if (verdict === 'deny') return endVerdict({ end, timeMs, connections, isDenied: true }, sink);
  // What was remarked of the inside of a flow, which is counted.
  if (stage === 'sni') return endVerdict({ end, timeMs, connections: 0, isDenied: false }, sink);
  open.set(flow, { end, toldMs: timeMs, toldUp: 0, toldDown: 0 });
  return endVerdict({ end, timeMs, connections, isDenied: false }, sink);
}

interface Judged {
  readonly end: Endpoints;
  readonly timeMs: number;
  readonly connections: number;
  readonly isDenied: boolean;
}

function endVerdict({ end, timeMs, connections, isDenied }: Judged, sink: ObservationSink): LineOutcome {
  const draft = sink.beginFlow();
  fillEndpoints(draft, end, sink);
  draft.startMs = timeMs;
  draft.endMs = timeMs;
  draft.connections = connections;
  draft.isDenied = isDenied;
  return sink.endFlow();
}

// `wouldDeny` is allowed: it is what enforcing would change, and the flow went through.
function endpointsOf(record: JsonRecord, service: string, stage: string): Endpoints {
  const protocol = textAt(record, 'destination', 'protocol');
  const isInside = stage === 'sni';
  const port = valueAt(record, 'destination', 'port');
  const name = textAt(record, 'destination', 'host');
  return {
    service,
    client: notSeveral(splitHostPort(textAt(record, 'source'))?.host ?? ''),
    name: notSeveral(name),
    nameKind: isInside ? 'sni' : protocol === 'http' ? 'url' : 'connect',
    address: textAt(record, 'destination', 'address'),
    port: typeof port === 'number' ? port : -1,
    protocol: protocol === 'udp' ? 17 : 6,
    application: applicationOf(protocol),
  };
}

function applicationOf(protocol: string): FlowDraft['application'] {
  if (protocol === 'tls' || protocol === 'http') return protocol;
  return protocol === 'udp' ? 'unknown' : 'tunnel';
}

function notSeveral(text: string): string {
  return text === several ? '' : text;
}

function fillEndpoints(draft: FlowDraft, end: Endpoints, sink: ObservationSink): void {
  draft.service = sink.text(end.service);
  draft.client = sink.text(end.client);
  draft.name = sink.text(end.name);
  draft.nameKind = end.nameKind;
  draft.address = sink.text(end.address);
  draft.port = end.port;
  draft.protocol = end.protocol;
  draft.application = end.application;
}

function takeBytes(record: JsonRecord, flow: string, timeMs: number, context: Context): LineOutcome {
  const share = recordOf(record['share']);
  return share === null ? takeOldBytes(record, flow, timeMs, context) : takeShare(share, timeMs, context.sink);
}

function takeShare(share: JsonRecord, timeMs: number, sink: ObservationSink): LineOutcome {
  const [up, down] = [countAt(share, 'bytesUp'), countAt(share, 'bytesDown')];
  const durationMs = countAt(share, 'durationMs');
  if (!(up >= 0) || !(down >= 0) || !(durationMs >= 0)) return 'bad_number';
  const end = endpointsOf(share, textAt(share, 'service'), 'name');
  if (end.name === '') return 'no_destination';
  return endBytes({ end, startMs: timeMs - durationMs, endMs: timeMs, up, down }, sink);
}

// The counts of old records are of the whole flow so far: what was told before is taken off.
function takeOldBytes(record: JsonRecord, flow: string, timeMs: number, { open, sink }: Context): LineOutcome {
  const [up, down] = [countAt(record, 'bytesUp'), countAt(record, 'bytesDown')];
  if (!(up >= 0) || !(down >= 0)) return 'bad_number';
  const known = valueAt(record, 'kind') === 'close' ? open.take(flow) : open.get(flow);
  if (known === undefined) return 'no_destination';
  if (up < known.toldUp || down < known.toldDown) return 'bad_number';
  const told = { startMs: Math.min(known.toldMs, timeMs), up: up - known.toldUp, down: down - known.toldDown };
  known.toldMs = timeMs;
  known.toldUp = up;
  known.toldDown = down;
  return endBytes({ ...told, end: known.end, endMs: timeMs }, sink);
}

interface ToldBytes {
  readonly end: Endpoints;
  readonly startMs: number;
  readonly endMs: number;
  readonly up: number;
  readonly down: number;
}

function endBytes({ end, startMs, endMs, up, down }: ToldBytes, sink: ObservationSink): LineOutcome {
  const draft = sink.beginFlow();
  fillEndpoints(draft, end, sink);
  draft.startMs = startMs;
  draft.endMs = endMs;
  draft.connections = 0;
  draft.bytesUp = up;
  draft.bytesDown = down;
  return sink.endFlow();
}
