import { type Fault, failed, fault, ok, quoteInput, type Result } from '../../base/index.ts';
import { type DnsRecord, dnsTypes, internetClass, lowerName } from '../../wire/index.ts';
import { readRecordData } from './record-data.ts';
import { findRecordType } from './record-types.ts';
import { EntryReader } from './zone-entry.ts';
import { readZoneName } from './zone-name.ts';
import { readSeconds } from './zone-seconds.ts';

/** How zone text is read. */
export interface ZoneReaderOptions {
  /** The name that relative names stand below until `$ORIGIN` says another, without a last dot; '' is the root. */
  readonly origin: string;
  /** The file, for messages. */
  readonly path: string;
  /** Takes each record as it was read: owner lower-case, names in its data spelled out. */
  readonly onRecord: (record: DnsRecord) => void;
  /** Records past this are refused. Default: 5,000,000. */
  readonly maxRecords?: number;
}

/** Reads a zone line by line. After a fault nothing more may be handed in. */
export interface ZoneReader {
  /** Takes the next line, without its end. Faults: `zone_malformed`, `zone_too_large`; they name file and line. */
  readLine(line: string): Result<void>;
  /** Says whether the text ended where it may. Fault: `zone_malformed` for parentheses that are still open. */
  end(): Result<void>;
}

/** Three times the largest public list. */
const defaultMaxRecords = 5_000_000;
const maxLineCharacters = 65_536;

interface ReaderState {
  origin: string;
  defaultTtlSeconds: number | null;
  lastTtlSeconds: number | null;
  lastOwner: string | null;
  records: number;
}

/** Makes a reader of the master file format (RFC 1035 section 5, RFC 2308 section 4 for `$TTL`, RFC 3597 section 5). */
export function createZoneReader(options: ZoneReaderOptions): ZoneReader {
  const entry = new EntryReader();
  const maxRecords = options.maxRecords ?? defaultMaxRecords;
  const state: ReaderState = {
    origin: lowerName(options.origin),
    defaultTtlSeconds: null,
    lastTtlSeconds: null,
    lastOwner: null,
    records: 0,
  };
  let lines = 0;
  let firstLine = 0;
  const refuse = (code: string, why: string): Result<never> =>
    failed(fault(code, `${options.path}:${firstLine || lines}: ${why}`));
  const readEntry = (): Result<void> => {
    const { tokens, hasOwner } = entry;
    if (tokens.length === 0) return ok(undefined);
    if (hasOwner && tokens[0]?.startsWith('$') === true) {
      const why = readDirective(tokens, state);
      return why === null ? ok(undefined) : refuse('zone_malformed', why);
    }
    const record = readRecord(tokens, hasOwner, state);
    if (!record.ok) return refuse('zone_malformed', record.fault);
    state.records += 1;
    if (state.records > maxRecords) return refuse('zone_too_large', `a zone has at most ${maxRecords} records`);
    options.onRecord(record.value);
    return ok(undefined);
  };
  return {
    readLine: (line) => {
      lines += 1;
      if (line.length > maxLineCharacters) {
        return refuse('zone_too_large', `a line has at most ${maxLineCharacters} characters`);
      }
      firstLine ||= lines;
      const taken = entry.take(line);
      if (!taken.ok) return refuse('zone_malformed', taken.fault);
      if (taken.value === 'open') return ok(undefined);
      const read = readEntry();
      firstLine = 0;
      return read;
    },
    end: () => (firstLine === 0 ? ok(undefined) : refuse('zone_malformed', 'a `(` is not closed')),
  };
}

/** Reads the records of zone text, one line after another; see `createZoneReader`. Faults: `zone_malformed`, `zone_too_large`. */
export function readZoneRecords(lines: Iterable<string>, options: ZoneReaderOptions): Result<void, Fault> {
  const reader = createZoneReader(options);
  for (const line of lines) {
    const read = reader.readLine(line);
    if (!read.ok) return read;
  }
  return reader.end();
}

function readDirective(tokens: readonly string[], state: ReaderState): string | null {
  const [word = '', argument, ...more] = tokens;
  const directive = word.toUpperCase();
  if (directive === '$INCLUDE') return '`$INCLUDE` is not followed: put the records into this file';
  if (directive === '$GENERATE') return '`$GENERATE` is not read: write the records out';
  if (directive !== '$ORIGIN' && directive !== '$TTL') {
    return `${quoteInput(word)} is not a directive, \`$ORIGIN\` and \`$TTL\` are`;
  }
  if (argument === undefined || more.length > 0) return `\`${directive}\` takes one word`;
  if (directive === '$ORIGIN') {
    const origin = readZoneName(argument, state.origin);
    if (!origin.ok) return origin.fault;
    state.origin = lowerName(origin.value);
    return null;
  }
  state.defaultTtlSeconds = readSeconds(argument);
  return state.defaultTtlSeconds === null ? `${quoteInput(argument)} is not a time, write \`3600\` or \`1h\`` : null;
}

function readRecord(tokens: readonly string[], hasOwner: boolean, state: ReaderState): Result<DnsRecord, string> {
  const owner = hasOwner ? readZoneName(tokens[0] ?? '', state.origin) : ok(state.lastOwner);
  if (!owner.ok) return owner;
  if (owner.value === null) return failed('the first record has no owner');
  const head = readHead(tokens, hasOwner ? 1 : 0);
  if (!head.ok) return head;
  const type = findRecordType(head.value.type);
  if (type === null)
    return failed(`${quoteInput(head.value.type)} is not a type, write \`TYPE65\` for one without a name`);
  const data = readRecordData(type, tokens.slice(head.value.end), state.origin);
  if (!data.ok) return failed(`${head.value.type.toUpperCase()}: ${data.fault}`);
  const ttl =
    head.value.ttlSeconds ?? state.defaultTtlSeconds ?? state.lastTtlSeconds ?? minimumOf(type.type, data.value);
  if (ttl === null) return failed('the record has no TTL: write one, or `$TTL` above it');
  state.lastTtlSeconds = ttl;
  // The text is ASCII by now, and this is the fastest way for the million names that are lower-case already.
  state.lastOwner = hasOwner ? owner.value.toLowerCase() : owner.value;
  return ok({ name: state.lastOwner, type: type.type, class: internetClass, ttl, data: data.value });
}

interface RecordHead {
  readonly ttlSeconds: number | null;
  readonly type: string;
  /** Where the data begins. */
  readonly end: number;
}

// TTL and class stand before the type, in either order, and both may be missing.
function readHead(tokens: readonly string[], start: number): Result<RecordHead, string> {
  let ttlSeconds: number | null = null;
  let hasClass = false;
  for (let at = start; at < tokens.length; at += 1) {
    const word = tokens[at] ?? '';
    const seconds: number | null = ttlSeconds === null ? readSeconds(word) : null;
    if (seconds !== null) {
      ttlSeconds = seconds;
    } else if (!hasClass && word.toUpperCase() === 'IN') {
      hasClass = true;
    } else if (/^(?:CH|HS|CS|CLASS[0-9]+)$/i.test(word)) {
      return failed(`class ${quoteInput(word)} is not served, only \`IN\` is`);
    } else {
      return ok({ ttlSeconds, type: word, end: at + 1 });
    }
  }
  return failed('the record has no type');
}

// A SOA may stand first without any TTL; what it says of "no" is the best guess there is (so does BIND).
function minimumOf(type: number, data: Uint8Array): number | null {
  if (type !== dnsTypes.soa || data.length < 22) return null;
  return new DataView(data.buffer, data.byteOffset).getUint32(data.length - 4);
}
