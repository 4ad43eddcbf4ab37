import { headerChecksum } from '../format/check-buffer.ts';
import { checksumWords } from '../format/checksum.ts';
import type { WordList } from '../format/flat-writer.ts';
import {
  formatMagic,
  formatVersion,
  headerWord,
  headerWords,
  type SectionName,
  sectionStart,
  sections,
} from '../format/layout.ts';
import type { PolicyBuilder } from './policy-builder.ts';

/** Slots are at most two thirds full: longer runs of taken slots cost more than the memory. */
const fullestShare = 2 / 3;

/** Lays the parts of a builder into one buffer with header, directory and checksums. */
export function assembleBuffer(
  builder: PolicyBuilder,
  seed: readonly [number, number, number, number],
): Uint8Array<ArrayBuffer> {
  const contents = sections.map(({ name }) => contentOf(builder, name));
  const places: number[] = [];
  let size = headerWords;
  for (const [index, { stride }] of sections.entries()) {
    const at = sectionStart(size, stride);
    places.push(at);
    size = at + (contents[index]?.length ?? 0);
  }
  const words = new Uint32Array(size);
  for (const [index, content] of contents.entries()) {
    const isText = sections[index]?.name === 'strings';
    const at = places[index] ?? 0;
    words.set(content, at);
    words[headerWord.directory + index * 2] = at;
    words[headerWord.directory + index * 2 + 1] = isText ? builder.texts.length : content.length;
  }
  words[headerWord.magic] = formatMagic;
  words[headerWord.version] = formatVersion;
  words[headerWord.sizeWords] = size;
  words[headerWord.bodyChecksum] = checksumWords(words, headerWords, size);
  words.set(seed, headerWord.seed);
  words[headerWord.sectionCount] = sections.length;
  words[headerWord.headerChecksum] = headerChecksum(words);
  return new Uint8Array(words.buffer);
}

function contentOf(builder: PolicyBuilder, name: SectionName): Uint32Array {
  switch (name) {
    case 'strings':
      return textWords(builder);
    case 'sharedFilter':
      return builder.sharedKeys.filter();
    case 'sharedSlots':
      return builder.sharedKeys.table();
    case 'nameSlots':
      return builder.nameKeys.table();
    case 'serviceSlots':
      return builder.serviceKeys.table();
    case 'ruleSlots':
      return builder.ruleKeys.table();
    case 'prefixSlots':
      return slotTable(builder.blockKeys, 2);
    case 'groupRefSlots':
      return slotTable(builder.groupRefs, 4);
    default: {
      const list = builder.section(name);
      return list.words.subarray(0, list.length);
    }
  }
}

function textWords(builder: PolicyBuilder): Uint32Array {
  const words = new Uint32Array(Math.ceil(builder.texts.length / 4));
  new Uint8Array(words.buffer).set(builder.texts.bytes.subarray(0, builder.texts.length));
  return words;
}

/** An open-addressing table from pending records of `width` words: the hash first, a word that is never zero last. */
function slotTable(pending: WordList, width: number): Uint32Array {
  const count = pending.length / width;
  let slots = 4;
  while (count > slots * fullestShare) slots *= 2;
  const table = new Uint32Array(slots * width);
  for (let record = 0; record < pending.length; record += width) {
    let slot = (pending.words[record] as number) & (slots - 1);
    while (table[slot * width + width - 1] !== 0) slot = (slot + 1) & (slots - 1);
    for (let i = 0; i < width; i++) table[slot * width + i] = pending.words[record + i] as number;
  }
  return table;
}
