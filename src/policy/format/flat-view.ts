import { KeyTable } from './key-table.ts';
import { type HashSeed, hashSeed } from './keyed-hash.ts';
import { headerWord, metaWord, none, type SectionName, sections } from './layout.ts';

/** Where a section lies: its first word and its length in words (in bytes for `strings`). */
export interface SectionPlace {
  readonly at: number;
  readonly length: number;
}

/** A checked buffer with its sections. Words are read by absolute place: `view.words[view.owners.at + row * 4]`. */
export interface FlatView extends Readonly<Record<SectionName, SectionPlace>> {
  readonly words: Uint32Array;
  readonly bytes: Uint8Array;
  /** First byte of the `strings` section. */
  readonly textStart: number;
  readonly seed: HashSeed;
  /** Keys of the boundary and of members; of identities and revoked ones; names of services; keys of services. */
  readonly shared: KeyTable;
  readonly names: KeyTable;
  readonly heads: KeyTable;
  readonly keys: KeyTable;
  /** Short texts that were read lately, by reference; bounded. */
  readonly texts: Map<number, string>;
}

/** Lays a view over a buffer whose header was checked. */
export function viewOf(words: Uint32Array, bytes: Uint8Array): FlatView {
  const places = {} as Record<SectionName, SectionPlace>;
  for (const [index, section] of sections.entries()) {
    const at = headerWord.directory + index * 2;
    places[section.name] = { at: words[at] ?? 0, length: words[at + 1] ?? 0 };
  }
  const word = (index: number): number => words[headerWord.seed + index] ?? 0;
  const seed = hashSeed([word(0), word(1), word(2), word(3)]);
  const textStart = places.strings.at * 4;
  const table = (name: SectionName, homes: number): KeyTable => {
    const { at, length } = places[name];
    return new KeyTable({ words, bytes, at, end: at + length, homes: words[places.meta.at + homes] ?? 0, textStart });
  };
  return {
    ...places,
    words,
    bytes,
    textStart,
    seed,
    shared: table('sharedSlots', metaWord.sharedHomes),
    names: table('nameSlots', metaWord.nameHomes),
    heads: table('serviceSlots', metaWord.serviceHomes),
    keys: table('ruleSlots', metaWord.ruleHomes),
    texts: new Map(),
  };
}

const decoder = new TextDecoder('utf-8');
// A connection reads the same ten names, identities and rule ids as the one before; decoding them cost 9 µs of it. At most 0.5 MiB.
const maxTexts = 4_096;
const maxTextChars = 128;

/** Reads a text of the `strings` section: three bytes of length, then UTF-8. */
export function readText(view: FlatView, reference: number): string {
  if (reference === none) return '';
  const known = view.texts.get(reference);
  if (known !== undefined) return known;
  const text = decodeText(view, reference);
  if (text.length > maxTextChars) return text;
  if (view.texts.size >= maxTexts) view.texts.clear();
  view.texts.set(reference, text);
  return text;
}

function decodeText(view: FlatView, reference: number): string {
  const at = view.textStart + reference;
  const end = Math.min(at + 3 + textLength(view, reference), view.textStart + view.strings.length);
  // A copy: decoding straight from shared memory is refused by some platforms.
  return decoder.decode(view.bytes.slice(at + 3, end));
}

function textLength(view: FlatView, reference: number): number {
  const at = view.textStart + reference;
  const bytes = view.bytes;
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
}
