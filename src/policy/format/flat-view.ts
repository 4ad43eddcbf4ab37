import { type HashSeed, hashSeed } from './keyed-hash.ts';
import { headerWord, none, type SectionName, sections } from './layout.ts';

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
  return { ...places, words, bytes, textStart: places.strings.at * 4, seed, texts: new Map() };
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

/** The length in bytes of a text of the `strings` section. */
export function textLength(view: FlatView, reference: number): number {
  const at = view.textStart + reference;
  const bytes = view.bytes;
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
}

/** Whether a stored ASCII text equals the end of `text` from `start` on, byte by byte. */
export function textEquals(view: FlatView, reference: number, text: string, start: number): boolean {
  const length = text.length - start;
  if (textLength(view, reference) !== length) return false;
  const at = view.textStart + reference + 3 - start;
  const bytes = view.bytes;
  for (let i = start; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
