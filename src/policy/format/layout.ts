/**
 * The compiled policy: one buffer of little-endian 32-bit words. A header of fixed size, then the sections that it lists, each behind
 * the one before, with unused words in front where {@link sectionStart} says so.
 * Offsets are in words from the start of the buffer; the STRINGS section holds bytes (its length is in bytes).
 *
 * Header words: 0 magic, 1 format version, 2 size of the buffer in words, 3 checksum of everything after the header,
 * 4-7 hash seed, 8 number of sections, 9 checksum of the header without this word; then for each section offset and length.
 *
 * A C reader needs this page and `keyed-hash.ts`.
 */
export const formatMagic = 0x31505845; // "EXP1" in memory order

/** Rises with every change of the layout; a reader refuses what it does not know. */
export const formatVersion = 3;

/** The places of the fixed header words. */
export const headerWord = {
  magic: 0,
  version: 1,
  sizeWords: 2,
  bodyChecksum: 3,
  seed: 4,
  sectionCount: 8,
  headerChecksum: 9,
  directory: 10,
} as const;

/**
 * The sections in order. `stride` is the words of one record; the length of a section is a multiple of it.
 * `power`: the number of records is a power of two, because a masked hash finds the first slot.
 * A section whose records are of `slotWords` words begins where {@link sectionStart} says: memory is read in lines of that size.
 */
export const sections = [
  { name: 'meta', stride: 12, power: false },
  { name: 'strings', stride: 1, power: false },
  { name: 'prefixSlots', stride: 2, power: true },
  { name: 'prefixes', stride: 7, power: false },
  { name: 'groupRefSlots', stride: 4, power: true },
  { name: 'owners', stride: 4, power: false },
  { name: 'lists', stride: 1, power: false },
  { name: 'matches', stride: 4, power: false },
  { name: 'rules', stride: 5, power: false },
  { name: 'attributes', stride: 4, power: false },
  { name: 'groups', stride: 2, power: false },
  { name: 'services', stride: 12, power: false },
  { name: 'segments', stride: 4, power: false },
  { name: 'ranges', stride: 6, power: false },
  { name: 'requires', stride: 4, power: false },
  { name: 'identities', stride: 4, power: false },
  { name: 'terms', stride: 10, power: false },
  { name: 'unattributed', stride: 3, power: false },
  { name: 'sharedFilter', stride: 1, power: true },
  { name: 'sharedSlots', stride: 16, power: false },
  { name: 'nameSlots', stride: 16, power: false },
  { name: 'serviceSlots', stride: 16, power: false },
  { name: 'ruleSlots', stride: 16, power: false },
] as const;

/** Words from the beginning of a large piece of memory to the next line: the usual allocators keep 16 bytes in front for themselves. */
const wordsToLine = 12;

/** Where a section of this stride begins at the earliest after `end`: one of slots at a line of memory, others at once. */
export function sectionStart(end: number, stride: number): number {
  if (stride !== slotWords) return end;
  return Math.ceil((end - wordsToLine) / slotWords) * slotWords + wordsToLine;
}

/** The name of a section. */
export type SectionName = (typeof sections)[number]['name'];

/** The words of the header with its directory. */
export const headerWords: number = headerWord.directory + sections.length * 2;

/** "Nothing" where a string, a list or a record could be referred to. */
export const none = 0xffffffff;

/**
 * Words of the only `meta` record. `classMask` has a bit for every class that some `requires` names, `ruleDepths` the bits of
 * `belowDepths` of every service. The homes of a table are fewer than its slots by those that the last hashes needed behind.
 */
export const metaWord = {
  version: 0,
  ruleCount: 1,
  serviceCount: 2,
  unattributedService: 3,
  classMask: 4,
  revokedCount: 5,
  ruleDepths: 6,
  sharedHomes: 7,
  nameHomes: 8,
  serviceHomes: 9,
  ruleHomes: 10,
} as const;

/**
 * Who a key belongs to. Slots of strings are keyed by (owner, kind, text), prefixes by (owner, block).
 * Services follow from `firstService` on, in the order of their names.
 */
export const owner = {
  boundary: 0,
  members: 1,
  serviceNames: 2,
  identities: 3,
  sources: 4,
  unattributed: 5,
  revoked: 6,
  firstService: 7,
} as const;

/** Kinds of a string key: that name only, or the names below it. */
export const keyKind = { exact: 0, below: 1 } as const;

/**
 * `owners`: bit n of `belowDepths` says that a `below` key of n labels exists (31: of 31 or more), bit 0 that an exact one does.
 * `anySpan` is the first row in `matches` of what covers every name.
 */
export const ownerWord = { belowDepths: 0, anySpan: 1, lengths: 2, lengthCount: 3 } as const;

/**
 * The tables of keys that are texts: `sharedSlots` (boundary and members: asked by every decision, so apart and in the processor's
 * cache), `nameSlots` (identities and revoked ones), `serviceSlots` (the names of services) and `ruleSlots` (the keys of services).
 *
 * A slot: the whole hash; owner << 9 | kind << 8 | length of the text, at most 255 (0: the slot is empty, and its hash the largest);
 * four words of value; ten words of text. A text of at most 40 characters stands there, four characters to a word from the right, the
 * last one in the lowest byte; of a longer one the first word is the place in `strings`. So what a decision needs of a rule or of a
 * service is one line of the processor's memory: it waits for each line that it has to ask for. Slots are in the order of hashes; the
 * home of a hash is hash * homes / 2^32.
 *
 * The hash of a text (`keyed-hash.ts`): `hashStep` for each word from the right and for what is left of it, zero or not, then
 * `hashTextEnd`. The slot has it with the salt of the owner (`hashFor`): for the keys of a service the hash of the service's name, so
 * that service and rule are looked for at once and neither waits for the other; for all others owner * 2 + kind.
 */
export const slotWord = { hash: 0, key: 1, value: 2, text: 6 } as const;

/**
 * `sharedFilter`: a bit for every hash of a text in `sharedSlots` (its lower bits are the number of the bit, low bits of a word
 * first; the hash as it is before the owner). Where it is not set, neither boundary nor members have the key. So many bits
 * for a key that nearly every name is known at once to have none.
 */
export const filterBitsPerKey = 32;

/** Words of a slot. */
export const slotWords = 16;

/** Characters of a text that stands in its slot. */
export const slotTextChars = 40;

/** The value in `serviceSlots`: what deciding needs of a service. `bits`: 1 observed, 2 refers to destinations documents. */
export const headWord = { row: 2, bits: 3, belowDepths: 4, anySpan: 5 } as const;

/** Bits of a service in `serviceSlots`. */
export const headBit = { observed: 1, groups: 2 } as const;

/** `prefixSlots`: hash, row in `prefixes` + 1 (0: empty). `prefixes`: owner, family * 256 + length, four words of the first address, value. */
export const prefixWord = { owner: 0, block: 1, words: 2, value: 6 } as const;

/**
 * A match, in `matches` or as the value of a slot. In `matches` entries of one key lie together, the last one marked. `ports` is
 * first * 65536 + last, or the place of a list (count, then ranges) when `manyPorts` is set. `rule` is the row in `rules`; `extra`
 * is a row in `attributes`, or for a member of a destinations document the row in `groups`. A slot whose key has several
 * matches has `elsewhere` set, and their first row in the place of `ports`.
 */
export const matchWord = { flags: 0, ports: 1, rule: 2, extra: 3 } as const;

/** Bits of the flags of a match. Protocol and strength are shifted values, the strength plus one (0: none asked); query types have a bit each. */
export const matchFlag = {
  protocolMask: 3,
  deny: 4,
  last: 8,
  manyPorts: 16,
  allPorts: 32,
  ech: 64,
  sniNone: 128,
  strengthShift: 8,
  strengthMask: 7,
  elsewhere: 2048,
  queriesShift: 12,
} as const;

/** `rules`: the document with list (`payments-api/allow`), the `to` as text, the reason, file, line. */
export const ruleWord = { list: 0, to: 1, reason: 2, file: 3, line: 4 } as const;

/** `attributes`: place and number of `via` segments in `lists`, the two environments of a crossing. Row 0: nothing. */
export const attributeWord = { via: 0, viaCount: 1, crossingFrom: 2, crossingTo: 3 } as const;

/** `groups`: destinations documents. */
export const groupWord = { name: 0, class: 1 } as const;

/** `groupRefSlots`: hash, owner, group, value + 1 (0: empty). */
export const groupRefWord = { hash: 0, owner: 1, group: 2, value: 3 } as const;

/** `services`: `until` is epoch milliseconds in two words, both `none` where there is no date. */
export const serviceWord = {
  name: 0,
  owner: 1,
  kind: 2,
  mode: 3,
  untilLow: 4,
  untilHigh: 5,
  environment: 6,
  file: 7,
  line: 8,
  hasGroups: 9,
} as const;

/** `segments`: name, environment, place and number of its rows in `ranges`. */
export const segmentWord = { name: 0, environment: 1, ranges: 2, rangeCount: 3 } as const;

/** `ranges`: family, length, four words. */
export const rangeWord = { family: 0, length: 1, words: 2 } as const;

/** `requires`: class, strength + 1 (0: none), place and number of `from` segments in `lists`. */
export const requireWord = { class: 0, strength: 1, from: 2, fromCount: 3 } as const;

/** `identities`: service row (or the last one of a run under one key), place and number of terms, text. */
export const identityWord = { service: 0, terms: 1, termCount: 2, text: 3 } as const;

/**
 * `terms`: kind, text (SPIFFE id, credential name, issuer, local name or source of leases), place and number of claims in `lists` (name and value texts in
 * turn), then family, length and four words of a source block.
 */
export const termWord = { kind: 0, text: 1, claims: 2, claimCount: 3, family: 4, length: 5, words: 6 } as const;

/** Kinds of a term in `terms`. */
export const termKind = { spiffe: 0, credential: 1, token: 2, source: 3, local: 4, leased: 5 } as const;

/** `unattributed`: text of the identity, until (epoch milliseconds, two words). */
export const unattributedWord = { text: 0, untilLow: 1, untilHigh: 2 } as const;
