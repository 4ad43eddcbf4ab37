import fc from 'fast-check';
import { type DnsMessage, type DnsRecord, dnsTypes, writeName } from '../../src/wire/index.ts';

/** Bytes of a message, put together piece by piece: numbers are bytes, text is a name without compression. */
export function dnsBytes(...pieces: readonly (number | string | readonly number[] | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(
    pieces.flatMap((piece) => {
      if (typeof piece === 'number') return [piece];
      return typeof piece === 'string' ? [...nameBytes(piece)] : [...piece];
    }),
  );
}

/** A header: flags in one number, and the counts of the sections. */
export function dnsHeader(flags: number, counts: readonly [number, number, number, number]): readonly number[] {
  return [0x12, 0x34, flags >> 8, flags & 0xff, ...counts.flatMap((count) => [count >> 8, count & 0xff])];
}

/** A name on the wire. */
export function nameBytes(text: string): Uint8Array {
  const bytes = writeName(text);
  if (bytes === null) throw new TypeError(`\`${text}\` is no name`);
  return bytes;
}

const label = fc.oneof(
  { weight: 5, arbitrary: fc.string({ unit: fc.constantFrom(...'abcXYZ019-_'), minLength: 1, maxLength: 12 }) },
  { weight: 1, arbitrary: fc.constantFrom('\\.', '\\\\', '\\000', '\\255a', 'a\\032b', 'x'.repeat(63)) },
);

/** Names in the one text that they have. Few letters, so that suffixes meet. */
export const anyName: fc.Arbitrary<string> = fc
  .array(label, { maxLength: 5 })
  .map((labels) => labels.join('.'))
  .filter((text) => writeName(text) !== null);

const number16 = fc.nat(0xffff);
const named = anyName.map(nameBytes);
const blob = fc.uint8Array({ maxLength: 40 });
const joined = (...parts: readonly fc.Arbitrary<Uint8Array>[]): fc.Arbitrary<Uint8Array> =>
  fc.tuple(...parts).map((pieces) => dnsBytes(...pieces));
const fixed = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const text = blob.map((bytes) => dnsBytes(bytes.length, bytes));

const dataOf: readonly (readonly [number, fc.Arbitrary<Uint8Array>])[] = [
  [dnsTypes.a, fixed(4)],
  [dnsTypes.aaaa, fixed(16)],
  [dnsTypes.ns, named],
  [dnsTypes.cname, named],
  [dnsTypes.ptr, named],
  [dnsTypes.dname, named],
  [dnsTypes.soa, joined(named, named, fixed(20))],
  [dnsTypes.mx, joined(fixed(2), named)],
  [dnsTypes.srv, joined(fixed(6), named)],
  [14, joined(named, named)],
  [24, joined(fixed(18), named, blob)],
  [26, joined(fixed(2), named, named)],
  [30, joined(named, blob)],
  [35, joined(fixed(4), text, text, text, named)],
  [dnsTypes.txt, blob],
  [65_280, blob],
];

// Without a prototype two records that say the same are not deeply equal.
const plain = { noNullPrototype: true } as const;

/** Records of all kinds that are read in another way than by their length. */
export const anyRecord: fc.Arbitrary<DnsRecord> = fc
  .constantFrom(...dataOf)
  .chain(([type, data]) =>
    fc.record({ name: anyName, type: fc.constant(type), class: fc.constant(1), ttl: fc.nat(0x7fff_ffff), data }, plain),
  );

const anyEdns = fc.record(
  {
    payloadBytes: number16,
    version: fc.nat(255),
    isDnssecOk: fc.boolean(),
    options: fc.array(fc.record({ code: number16, data: blob }, plain), { maxLength: 3 }),
  },
  plain,
);

/** Whole messages; a response code above 15 only with EDNS. */
export const anyMessage: fc.Arbitrary<DnsMessage> = fc
  .record({
    id: number16,
    isResponse: fc.boolean(),
    opcode: fc.nat(15),
    isAuthoritative: fc.boolean(),
    isTruncated: fc.boolean(),
    recursionDesired: fc.boolean(),
    recursionAvailable: fc.boolean(),
    authenticData: fc.boolean(),
    checkingDisabled: fc.boolean(),
    rcode: fc.nat(4095),
    question: fc.option(fc.record({ name: anyName, type: number16, class: number16 }, plain)),
    answers: fc.array(anyRecord, { maxLength: 6 }),
    authorities: fc.array(anyRecord, { maxLength: 3 }),
    additionals: fc.array(anyRecord, { maxLength: 3 }),
    edns: fc.option(anyEdns),
  })
  .map((message) => ({ ...message, rcode: message.edns === null ? message.rcode % 16 : message.rcode }));

/** Bytes with a few of them changed, taken out or put in: nearly right, which breaks more parsers than noise does. */
export function mutatedBytes(original: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const change = fc.record({ at: fc.nat(600), cut: fc.nat(3), put: fc.uint8Array({ maxLength: 3 }) });
  return fc
    .tuple(original, fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([bytes, changes]) => changes.reduce(applyChange, bytes));
}

function applyChange(
  bytes: Uint8Array,
  { at, cut, put }: { readonly at: number; readonly cut: number; readonly put: Uint8Array },
): Uint8Array {
  const from = bytes.length === 0 ? 0 : at % bytes.length;
  return dnsBytes(bytes.subarray(0, from), put, bytes.subarray(from + cut));
}
