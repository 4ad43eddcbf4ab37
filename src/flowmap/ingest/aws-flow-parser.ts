import type { FlowDraft, LineOutcome, ObservationSink, TextId } from '../observation.ts';
import {
  type AwsFlowColumns,
  type AwsFlowKind,
  compileAwsColumns,
  readAwsHeader,
  slots as rowSlots,
} from './aws-flow-columns.ts';
import { AwsFlowRow, notPlain } from './aws-flow-row.ts';
import { digitsAt, absent as isAbsent, unreadable as isUnreadable } from './byte-fields.ts';
import type { LineParser } from './log-format.ts';
import { LogLine } from './log-line.ts';
import { type DirectedRecord, orientFlow } from './orient-flow.ts';

// Constants of this module, not imported ones: V8 compiles them in, and they are used some forty times a row.
const slots = rowSlots;
const absent = isAbsent;
const unreadable = isUnreadable;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const comma = 0x2c;
const slash = 0x2f;
const colon = 0x3a;
const fullStop = 0x2e;
const letterI = 0x69;
const letterR = 0x52;
/** The last letter that an address can start with; the names of a header start behind it (`srcaddr`, `pkt-srcaddr`). */
const lastOfAddress = 0x66;
const syn = 2;
const ack = 16;
const tcp = 6;
/** CloudWatch writes the time of delivery before the record when it exports to S3 or is tailed. */
const beforeRecord = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)\s+/;

/**
 * Reads AWS flow log records, the most numerous of all logs: one pass over the bytes reads the wanted numbers and remembers where the
 * wanted texts are, and no text and no object is made per row. Whatever does not look like a row of the known columns takes the slow way
 * of `#parseOdd`.
 */
export class AwsFlowParser implements LineParser {
  readonly #row: AwsFlowRow;
  readonly #kind: AwsFlowKind;
  readonly #record: Mutable<DirectedRecord> = {
    source: 0,
    sourcePort: -1,
    destination: 0,
    destinationPort: -1,
    bytes: -1,
    bytesBack: -1,
    opener: null,
    tcpFlags: -1,
  };

  constructor(columns: AwsFlowColumns, kind: AwsFlowKind) {
    this.#row = new AwsFlowRow(columns);
    this.#kind = kind;
  }

  parse(line: LogLine, sink: ObservationSink): LineOutcome {
    const row = this.#row;
    if (row.scan(line.bytes, line.start, line.end) !== row.columns.count) return this.#parseOdd(line, sink);
    if (this.#isHeader(line.bytes)) return this.#parseOdd(line, sink);
    return this.#readRow(line.bytes, line.receivedMs, sink);
  }

  takePlain(bytes: Uint8Array, start: number, sink: ObservationSink): number {
    const next = this.#row.scanPlain(bytes, start);
    if (next === notPlain || this.#isHeader(bytes)) return notPlain;
    return this.#readRow(bytes, Number.NaN, sink) === 'taken' ? next : notPlain;
  }

  #isHeader(bytes: Uint8Array): boolean {
    return (bytes[this.#row.start(this.#sourceSlot())] as number) > lastOfAddress;
  }

  #readRow(bytes: Uint8Array, receivedMs: number, sink: ObservationSink): LineOutcome {
    const row = this.#row;
    if (row.isNothing(bytes, this.#sourceSlot())) return this.#withoutAddress();
    const startSeconds = row.number(slots.start);
    const endSeconds = row.number(slots.end);
    const startMs = startSeconds === absent ? receivedMs : startSeconds * 1000;
    if (startSeconds === unreadable || endSeconds === unreadable || Number.isNaN(startMs)) return 'bad_time';
    const protocol = row.number(slots.protocol);
    if (!this.#fillRecord(protocol)) return 'bad_number';
    const record = this.#record;
    record.source = this.#address(bytes, sink, slots.packetSource, slots.source);
    record.destination = this.#address(bytes, sink, slots.packetDestination, slots.destination);
    const draft = sink.beginFlow();
    draft.startMs = startMs;
    draft.endMs = endSeconds === absent ? startMs : endSeconds * 1000;
    draft.protocol = protocol === absent ? 0 : protocol;
    draft.isDenied = this.#isDenied(bytes);
    orientFlow(draft, record);
    // The window that saw the SYN counts the connection; its later windows and its other direction are the same one.
    const isLater = protocol === tcp && record.tcpFlags >= 0 && (record.tcpFlags & syn) === 0;
    draft.connections = draft.isReply || (isLater && !draft.isDenied) ? 0 : 1;
    draft.provider = this.#text(bytes, sink, draft.isReply ? slots.sourceProvider : slots.destinationProvider);
    this.#fillPlace(bytes, draft, sink);
    return sink.endFlow();
  }

  // Addresses are `-` in records of NODATA and SKIPDATA only; between blanks there is no field without anything in it.
  #withoutAddress(): LineOutcome {
    const slot = this.#sourceSlot();
    const isDash = this.#row.end(slot) > this.#row.start(slot);
    return isDash || this.#row.columns.separator === comma ? 'no_data' : 'bad_fields';
  }

  /** Reads ports, bytes and flags; false where one of them, or the protocol, is no number. */
  #fillRecord(protocol: number): boolean {
    const record = this.#record;
    record.sourcePort = this.#row.number(slots.sourcePort);
    record.destinationPort = this.#row.number(slots.destinationPort);
    record.bytes = this.#row.number(slots.bytes);
    const flags = this.#row.number(slots.tcpFlags);
    const tellsOpener = this.#kind.isAckOnlyInAnswers || (flags & (syn | ack)) === syn;
    record.tcpFlags = flags > 0 && (flags & syn) !== 0 && !tellsOpener ? absent : flags;
    const isPort = record.sourcePort <= 65_535 && record.destinationPort <= 65_535;
    const isKnown = Math.min(record.sourcePort, record.destinationPort, record.bytes, flags, protocol) > unreadable;
    return isPort && isKnown && protocol <= 255;
  }

  /** The interface's owner is who asked only where the record was taken at that end. */
  #fillPlace(bytes: Uint8Array, draft: FlowDraft, sink: ObservationSink): void {
    const at = this.#row.start(slots.direction);
    if (this.#row.end(slots.direction) - at >= 6) {
      // `ingress` or `egress`: into or out of the interface (or gateway), which says nothing of who opened the connection.
      const isAtSource = (bytes[at] === letterI) === (this.#kind.ingressIs === 'source');
      draft.vantage = isAtSource === draft.isReply ? 'destination' : 'source';
    }
    if (this.#row.columns.hasService && this.#isOwnersFlow(bytes, draft)) draft.service = this.#service(bytes, sink);
  }

  /** Without flow-direction the interface is the private side of a flow between a private address and another one. */
  #isOwnersFlow(bytes: Uint8Array, draft: FlowDraft): boolean {
    if (draft.vantage !== 'only') return draft.vantage === 'source';
    const [own, other] = draft.isReply ? [slots.destination, slots.source] : [slots.source, slots.destination];
    return this.#isPrivate(bytes, own) && !this.#isPrivate(bytes, other);
  }

  #isPrivate(bytes: Uint8Array, slot: number): boolean {
    const start = this.#row.start(slot);
    const dot = bytes.indexOf(fullStop, start);
    const first = digitsAt(bytes, start, dot);
    if (first === 10) return true;
    if (first !== 172 && first !== 192) return false;
    const second = digitsAt(bytes, dot + 1, bytes.indexOf(fullStop, dot + 1));
    return first === 192 ? second === 168 : second >= 16 && second < 32;
  }

  #service(bytes: Uint8Array, sink: ObservationSink): TextId {
    if (!this.#row.isNothing(bytes, slots.ecsService)) return this.#text(bytes, sink, slots.ecsService);
    if (this.#row.isNothing(bytes, slots.ecsTaskDefinition)) return this.#text(bytes, sink, slots.instance);
    // A task without a service (a batch job): `arn:aws:ecs:…:task-definition/family:revision`.
    let start = this.#row.end(slots.ecsTaskDefinition);
    let end = start;
    while (start > this.#row.start(slots.ecsTaskDefinition) && bytes[start - 1] !== slash) start -= 1;
    for (let i = start; i < end; i++) if (bytes[i] === colon) end = i;
    return sink.span(bytes, start, end);
  }

  /** REJECT in VPC logs. A gateway refuses by its routes: no packet found one, or each found a black hole. */
  #isDenied(bytes: Uint8Array): boolean {
    const at = this.#row.start(slots.action);
    if (this.#row.end(slots.action) - at === 6) return bytes[at] === letterR;
    const lost = this.#row.number(slots.lostNoRoute) + this.#row.number(slots.lostBlackhole);
    return lost > 0 && lost >= this.#row.number(slots.packets);
  }

  /** Behind NAT and on interfaces with several addresses `srcaddr` and `dstaddr` are the interface's; the packet has its own. */
  #address(bytes: Uint8Array, sink: ObservationSink, own: number, ofInterface: number): TextId {
    const row = this.#row;
    const slot = row.isNothing(bytes, own) ? ofInterface : own;
    const quad = row.quad(slot);
    return quad === 0 ? this.#text(bytes, sink, slot) : sink.quad(quad, bytes, row.start(slot), row.end(slot));
  }

  #sourceSlot(): number {
    return this.#row.end(slots.source) > 0 ? slots.source : slots.packetSource;
  }

  #text(bytes: Uint8Array, sink: ObservationSink, slot: number): TextId {
    return this.#row.isNothing(bytes, slot) ? 0 : sink.span(bytes, this.#row.start(slot), this.#row.end(slot));
  }

  /** A header (perhaps with other columns), a line with the time of CloudWatch before it or blanks behind it, or none of ours. */
  #parseOdd(line: LogLine, sink: ObservationSink): LineOutcome {
    const text = line.text();
    if (/^"?timestamp"?,\s*"?message"?$/.test(text)) return 'header';
    const header = readAwsHeader(text, this.#kind);
    if (header !== null) return this.#switchTo(header);
    const bare = text.replace(beforeRecord, '').trimEnd();
    if (bare === text) return 'bad_fields';
    const inner = LogLine.of(bare);
    inner.receivedMs = line.receivedMs;
    const isWhole = this.#row.scan(inner.bytes, inner.start, inner.end) === this.#row.columns.count;
    return isWhole ? this.#readRow(inner.bytes, inner.receivedMs, sink) : 'bad_fields';
  }

  #switchTo(header: string): LineOutcome {
    const columns = compileAwsColumns(header, this.#kind);
    if (!columns.ok) return 'bad_fields';
    this.#row.switchTo(columns.value);
    return 'header';
  }
}
