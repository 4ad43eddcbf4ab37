import type { FlowDraft, LineOutcome, ObservationSink, TextId } from '../observation.ts';
import {
  type AwsFlowColumns,
  type AwsFlowKind,
  compileAwsColumns,
  firstNumber,
  readAwsHeader,
  slotCount,
  slots,
} from './aws-flow-columns.ts';
import { absent, digitsAt, isNothingAt, mostDigits, unreadable } from './byte-fields.ts';
import type { LineParser } from './log-format.ts';
import { LogLine } from './log-line.ts';
import { type DirectedRecord, orientFlow } from './orient-flow.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const quote = 0x22;
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
  #columns: AwsFlowColumns;
  readonly #kind: AwsFlowKind;
  readonly #starts = new Int32Array(slotCount);
  readonly #ends = new Int32Array(slotCount);
  readonly #numbers = new Float64Array(slotCount).fill(absent);
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
    this.#columns = columns;
    this.#kind = kind;
  }

  parse(line: LogLine, sink: ObservationSink): LineOutcome {
    if (this.#scan(line.bytes, line.start, line.end) !== this.#columns.count) return this.#parseOdd(line, sink);
    const first = line.bytes[this.#starts[this.#sourceSlot()] as number] as number;
    return first > lastOfAddress ? this.#parseOdd(line, sink) : this.#readRow(line, sink);
  }

  /** Goes through the row once: keeps the wanted columns, and gives how many columns there were. */
  #scan(bytes: Uint8Array, from: number, until: number): number {
    const { separator, slotOf } = this.#columns;
    // The message column of a CloudWatch export is quoted as a whole.
    const end = separator !== comma && bytes[until - 1] === quote ? until - 1 : until;
    let at = from;
    for (let column = 0; column < slotOf.length; column++) {
      const slot = slotOf[column] as number;
      at = slot < firstNumber ? this.#keepText(bytes, at, end, slot) : this.#keepNumber(bytes, at, end, slot);
      if (at >= end) return column + 1;
      at += 1;
    }
    return slotOf.length;
  }

  #keepText(bytes: Uint8Array, from: number, end: number, slot: number): number {
    const { separator } = this.#columns;
    let at = from;
    while (at < end && bytes[at] !== separator) at += 1;
    const isQuoted = separator === comma && at - from > 1 && bytes[from] === quote && bytes[at - 1] === quote;
    this.#starts[slot] = isQuoted ? from + 1 : from;
    this.#ends[slot] = isQuoted ? at - 1 : at;
    return at;
  }

  #keepNumber(bytes: Uint8Array, from: number, end: number, slot: number): number {
    let value = 0;
    let at = from;
    for (; at < end; at++) {
      const digit = (bytes[at] as number) - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const isWhole = at === end || bytes[at] === this.#columns.separator;
    if (!isWhole || at === from || at - from > mostDigits) return this.#keepOddNumber(bytes, from, end, slot);
    this.#numbers[slot] = value;
    return at;
  }

  /** Nothing, a number in quotes, or no number. */
  #keepOddNumber(bytes: Uint8Array, from: number, end: number, slot: number): number {
    const at = this.#keepText(bytes, from, end, slots.unread);
    const start = this.#starts[slots.unread] as number;
    this.#numbers[slot] = digitsAt(bytes, start, this.#ends[slots.unread] as number);
    return at;
  }

  #readRow({ bytes, receivedMs }: LogLine, sink: ObservationSink): LineOutcome {
    if (this.#isNothing(bytes, this.#sourceSlot())) return this.#withoutAddress();
    const startSeconds = this.#number(slots.start);
    const endSeconds = this.#number(slots.end);
    const startMs = startSeconds === absent ? receivedMs : startSeconds * 1000;
    if (startSeconds === unreadable || endSeconds === unreadable || Number.isNaN(startMs)) return 'bad_time';
    const protocol = this.#number(slots.protocol);
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
    const isDash = (this.#ends[slot] as number) > (this.#starts[slot] as number);
    return isDash || this.#columns.separator === comma ? 'no_data' : 'bad_fields';
  }

  /** Reads ports, bytes and flags; false where one of them, or the protocol, is no number. */
  #fillRecord(protocol: number): boolean {
    const record = this.#record;
    record.sourcePort = this.#number(slots.sourcePort);
    record.destinationPort = this.#number(slots.destinationPort);
    record.bytes = this.#number(slots.bytes);
    const flags = this.#number(slots.tcpFlags);
    const tellsOpener = this.#kind.isAckOnlyInAnswers || (flags & (syn | ack)) === syn;
    record.tcpFlags = flags > 0 && (flags & syn) !== 0 && !tellsOpener ? absent : flags;
    const isPort = record.sourcePort <= 65_535 && record.destinationPort <= 65_535;
    const isKnown = Math.min(record.sourcePort, record.destinationPort, record.bytes, flags, protocol) > unreadable;
    return isPort && isKnown && protocol <= 255;
  }

  /** The interface's owner is who asked only where the record was taken at that end. */
  #fillPlace(bytes: Uint8Array, draft: FlowDraft, sink: ObservationSink): void {
    const at = this.#starts[slots.direction] as number;
    if ((this.#ends[slots.direction] as number) - at >= 6) {
      // `ingress` or `egress`: into or out of the interface (or gateway), which says nothing of who opened the connection.
      const isAtSource = (bytes[at] === letterI) === (this.#kind.ingressIs === 'source');
      draft.vantage = isAtSource === draft.isReply ? 'destination' : 'source';
    }
    if (this.#columns.hasService && this.#isOwnersFlow(bytes, draft)) draft.service = this.#service(bytes, sink);
  }

  /** Without flow-direction the interface is the private side of a flow between a private address and another one. */
  #isOwnersFlow(bytes: Uint8Array, draft: FlowDraft): boolean {
    if (draft.vantage !== 'only') return draft.vantage === 'source';
    const [own, other] = draft.isReply ? [slots.destination, slots.source] : [slots.source, slots.destination];
    return this.#isPrivate(bytes, own) && !this.#isPrivate(bytes, other);
  }

  #isPrivate(bytes: Uint8Array, slot: number): boolean {
    const start = this.#starts[slot] as number;
    const dot = bytes.indexOf(fullStop, start);
    const first = digitsAt(bytes, start, dot);
    if (first === 10) return true;
    if (first !== 172 && first !== 192) return false;
    const second = digitsAt(bytes, dot + 1, bytes.indexOf(fullStop, dot + 1));
    return first === 192 ? second === 168 : second >= 16 && second < 32;
  }

  #service(bytes: Uint8Array, sink: ObservationSink): TextId {
    if (!this.#isNothing(bytes, slots.ecsService)) return this.#text(bytes, sink, slots.ecsService);
    if (this.#isNothing(bytes, slots.ecsTaskDefinition)) return this.#text(bytes, sink, slots.instance);
    // A task without a service (a batch job): `arn:aws:ecs:…:task-definition/family:revision`.
    let start = this.#ends[slots.ecsTaskDefinition] as number;
    let end = start;
    while (start > (this.#starts[slots.ecsTaskDefinition] as number) && bytes[start - 1] !== slash) start -= 1;
    for (let i = start; i < end; i++) if (bytes[i] === colon) end = i;
    return sink.span(bytes, start, end);
  }

  /** REJECT in VPC logs. A gateway refuses by its routes: no packet found one, or each found a black hole. */
  #isDenied(bytes: Uint8Array): boolean {
    const at = this.#starts[slots.action] as number;
    if ((this.#ends[slots.action] as number) - at === 6) return bytes[at] === letterR;
    const lost = this.#number(slots.lostNoRoute) + this.#number(slots.lostBlackhole);
    return lost > 0 && lost >= this.#number(slots.packets);
  }

  /** Behind NAT and on interfaces with several addresses `srcaddr` and `dstaddr` are the interface's; the packet has its own. */
  #address(bytes: Uint8Array, sink: ObservationSink, own: number, ofInterface: number): TextId {
    return this.#isNothing(bytes, own) ? this.#text(bytes, sink, ofInterface) : this.#text(bytes, sink, own);
  }

  #sourceSlot(): number {
    return (this.#ends[slots.source] as number) > 0 ? slots.source : slots.packetSource;
  }

  #text(bytes: Uint8Array, sink: ObservationSink, slot: number): TextId {
    return this.#isNothing(bytes, slot)
      ? 0
      : sink.span(bytes, this.#starts[slot] as number, this.#ends[slot] as number);
  }

  #number(slot: number): number {
    return this.#numbers[slot] as number;
  }

  #isNothing(bytes: Uint8Array, slot: number): boolean {
    return isNothingAt(bytes, this.#starts[slot] as number, this.#ends[slot] as number);
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
    const isWhole = this.#scan(inner.bytes, inner.start, inner.end) === this.#columns.count;
    return isWhole ? this.#readRow(inner, sink) : 'bad_fields';
  }

  #switchTo(header: string): LineOutcome {
    const columns = compileAwsColumns(header, this.#kind);
    if (!columns.ok) return 'bad_fields';
    this.#columns = columns.value;
    // Columns that are gone must not leave their last spans behind.
    this.#starts.fill(0);
    this.#ends.fill(0);
    this.#numbers.fill(absent);
    return 'header';
  }
}
