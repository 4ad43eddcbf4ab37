import type { PlainEntry, PlainNode, PlainText } from './plain-node.ts';
import { listKeys, type ReadMap, shorten } from './read-map.ts';
import type { SourceFile } from './source-file.ts';

/** Names of services, documents, segments, spaces and environments. */
const namePattern = /^[a-z0-9-]{1,63}$/;

/** Owners and reasons end up in tables, logs and reports: one line, and bounded. */
const maxSentenceLength = 500;

/** What an empty reason or owner reads as where placeholders are accepted. */
const placeholder = 'TODO';

/** Words that people write to get past a check, compared without case, spaces, dots and dashes. */
const placeholders: ReadonlySet<string> = new Set(['', 'todo', 'tbd', 'fixme', 'xxx', 'na', 'n/a', 'none', '?', '???']);

/** The value of a required key, or null after reporting that it is missing. */
export function requireKey(map: ReadMap, key: string, what: string, file: SourceFile): PlainEntry | null {
  const entry = map.get(key);
  if (entry === null) file.report('key_missing', map.offset, `${what} needs \`${key}\``);
  return entry;
}

/** Text as it stands, or null after reporting that it is a number, a list and so on. */
export function readText(node: PlainNode, what: string, file: SourceFile): PlainText | null {
  if (node.kind === 'text') return node;
  const mend = node.kind === 'other' && node.value !== null ? 'quote the value' : undefined;
  file.report('value_malformed', node.offset, `${what} must be text`, mend);
  return null;
}

/** A name of the grammar: 1 to 63 of a-z, 0-9 and hyphen. */
export function readName(node: PlainNode, what: string, file: SourceFile): string | null {
  const text = readText(node, what, file);
  if (text === null) return null;
  if (namePattern.test(text.value)) return text.value;
  file.report(
    'name_malformed',
    text.offset,
    `${what} \`${shorten(text.value)}\` must be 1 to 63 of a-z, 0-9 and hyphen`,
  );
  return null;
}

/** One word of a closed list. */
export function readChoice<T extends string>(
  node: PlainNode,
  choices: readonly T[],
  what: string,
  file: SourceFile,
): T | null {
  const text = readText(node, what, file);
  if (text === null) return null;
  const found = choices.find((choice) => choice === text.value);
  if (found !== undefined) return found;
  file.report('value_malformed', text.offset, `${what} \`${shorten(text.value)}\` must be one of ${listKeys(choices)}`);
  return null;
}

/** The items of a list, or none after reporting that it is no list. A missing key is an empty list. */
export function readList(entry: PlainEntry | null, what: string, file: SourceFile): readonly PlainNode[] {
  if (entry === null) return [];
  if (entry.value.kind === 'list') return entry.value.items;
  file.report('value_malformed', entry.value.offset, `${what} must be a list`);
  return [];
}

/** More segments for one rule than anybody needs. */
const maxNames = 64;

/** A list of names; one name alone counts as a list of one. */
export function readNames(entry: PlainEntry | null, what: string, file: SourceFile): readonly string[] {
  if (entry === null) return [];
  const items = entry.value.kind === 'text' ? [entry.value] : readList(entry, what, file);
  if (items.length > maxNames) {
    file.report('value_malformed', entry.value.offset, `${what} names more than ${maxNames}`);
    return [];
  }
  const names: string[] = [];
  for (const item of items) {
    const name = readName(item, what, file);
    if (name !== null && !names.includes(name)) names.push(name);
  }
  if (items.length === 0 && entry.value.kind === 'list')
    file.report('value_malformed', entry.value.offset, `${what} must name at least one`);
  return names;
}

/** The reason of an entry: a sentence on one line that is no placeholder. */
export function readReason(map: ReadMap, what: string, file: SourceFile): string | null {
  const entry = map.get('reason');
  if (entry === null) {
    file.report('reason_missing', map.offset, `${what} needs a \`reason\``);
    return null;
  }
  return readSentence(entry.value, 'reason', file);
}

/** The owner of a document: one line that is no placeholder. */
export function readOwner(map: ReadMap, file: SourceFile): string | null {
  const entry = map.get('owner');
  if (entry === null) {
    file.report('owner_missing', map.offset, 'a document needs an `owner`');
    return null;
  }
  return readSentence(entry.value, 'owner', file);
}

/** One line of text that is no placeholder; `what` is `reason` or `owner`. */
export function readSentence(node: PlainNode, what: string, file: SourceFile): string | null {
  if (node.kind === 'other' && node.value === null) {
    if (file.acceptsPlaceholders) return placeholder;
    file.report('reason_placeholder', node.offset, `${what} is empty`);
    return null;
  }
  const text = readText(node, what, file);
  if (text === null) return null;
  const sentence = text.value.trim();
  if (isPlaceholder(sentence) && !file.acceptsPlaceholders) {
    file.report('reason_placeholder', text.offset, `${what} \`${shorten(sentence)}\` is a placeholder`);
    return null;
  }
  if (sentence.length <= maxSentenceLength && isOneLine(sentence)) return sentence;
  file.report('value_malformed', text.offset, `${what} must be one line of at most ${maxSentenceLength} characters`);
  return null;
}

function isPlaceholder(sentence: string): boolean {
  return placeholders.has(sentence.toLowerCase().replace(/[\s.:-]/g, '')) || /^todo\b/i.test(sentence);
}

function isOneLine(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not reach a log or a terminal
  return text.isWellFormed() && !/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/.test(text);
}
