import { checksumWords } from './checksum.ts';
import { formatMagic, formatVersion, headerWord, headerWords, sectionStart, sections } from './layout.ts';

/** Says what is wrong with the header of a buffer, or null. Reads the header only. */
export function checkHeader(words: Uint32Array, byteLength: number): string | null {
  if (byteLength % 4 !== 0 || words.length < headerWords) return 'the policy buffer is cut short';
  if (words[headerWord.magic] !== formatMagic) return 'this is not a policy buffer, or not little-endian';
  if (words[headerWord.version] !== formatVersion) {
    return `format version ${words[headerWord.version]} is not ${formatVersion}: compile the policy with this Exeat`;
  }
  if (words[headerWord.sizeWords] !== words.length) return 'the policy buffer has another size than its header says';
  if (words[headerWord.headerChecksum] !== headerChecksum(words)) return 'the header of the policy buffer is damaged';
  if (words[headerWord.sectionCount] !== sections.length) return 'the policy buffer has other sections than its format';
  return checkSections(words);
}

/** Says what is wrong behind the header, or null. Reads every word. */
export function checkBody(words: Uint32Array): string | null {
  const sum = checksumWords(words, headerWords, words.length);
  return sum === words[headerWord.bodyChecksum] ? null : 'the policy buffer is damaged';
}

/** The checksum of the header and its directory, with its own word taken as zero. */
export function headerChecksum(words: Uint32Array): number {
  const header = words.slice(0, headerWords);
  header[headerWord.headerChecksum] = 0;
  return checksumWords(header, 0, headerWords);
}

function checkSections(words: Uint32Array): string | null {
  let expected = headerWords;
  for (const [index, { name, stride, power }] of sections.entries()) {
    const at = words[headerWord.directory + index * 2] as number;
    const length = words[headerWord.directory + index * 2 + 1] as number;
    const records = length / stride;
    if (at !== sectionStart(expected, stride) || !Number.isInteger(records))
      return `section \`${name}\` of the policy buffer is misplaced`;
    if (power && (records < 1 || (records & (records - 1)) !== 0))
      return `section \`${name}\` has no power of two of slots`;
    expected = at + (name === 'strings' ? Math.ceil(length / 4) : length);
  }
  return expected === words.length ? null : 'the sections of the policy buffer leave a gap';
}
