import type { DeclaredEndpoint, ObservationSink } from '../../observation.ts';
import type { ConfigDocument, ConfigReading } from '../config-format.ts';
import { type ConfigList, type ConfigNode, configTextAt } from './config-node.ts';
import { type FindOptions, findEndpoints } from './find-endpoints.ts';
import { portKeyOf } from './key-words.ts';
import { readInnerJson } from './read-json-node.ts';
import type { FoundEndpoint } from './url-endpoints.ts';

/** Whom endpoints belong to. */
export interface Owner {
  readonly service: string | null;
  readonly schedule: string | null;
}

/** Where in the file an endpoint stands and whom it belongs to. */
export interface Place extends Owner {
  readonly line: number;
  readonly key: string | null;
}

/** Nobody in particular. */
export const nobody: Owner = { service: null, schedule: null };

/** A key and its text, with the line: an environment variable, a property. */
export interface Setting {
  readonly key: string;
  readonly text: string;
  readonly line: number;
  readonly isBlock?: boolean;
}

/** A word of a command line. */
export type Word = Omit<Setting, 'key'>;

/** How a value is read. */
export interface ValueOptions extends FindOptions {
  /** The lines of the text are lines of the file, as in a block of YAML. Default: false, the whole text stands on one line. */
  readonly isBlock?: boolean;
}

/** The largest file that is read, in characters. */
const maxFileLength = 16 * 1024 * 1024;

/** The most endpoints of one file. */
const maxEndpoints = 10_000;

/** The most faults that one file is told for. */
const maxFaults = 100;

/** Keys whose texts are for people, or identify without being connected to. */
const proseKeys: ReadonlySet<string> = new Set([
  'description',
  'comment',
  'comments',
  'documentation',
  'homepage',
  'help',
  'title',
  'license',
  '$schema',
  '$id',
  'annotations',
  'labels',
]);

/** Whether texts under a key are for people: they name hosts that nobody connects to. */
export function isProseKey(key: string): boolean {
  return proseKeys.has(key);
}

/** Takes what a format finds in one file: bounds it, leaves out what was told already, and keeps the faults. */
export class EndpointCollector {
  readonly #document: ConfigDocument;
  readonly #sink: ObservationSink;
  readonly #seen = new Set<string>();
  readonly #faults: { line: number; message: string }[] = [];
  #isFull = false;
  /** Names that belong to the system which the file describes (`redis.shop` of a cluster): never declared. */
  readonly ownNames: Set<string> = new Set();

  constructor(document: ConfigDocument, sink: ObservationSink) {
    this.#document = document;
    this.#sink = sink;
  }

  /** The text to read, empty (and a fault) where it is longer than is read. */
  get text(): string {
    if (this.#document.text.length <= maxFileLength) return this.#document.text;
    this.fault(1, `the file has more than ${maxFileLength} characters`);
    return '';
  }

  /** Tells what could not be read. `message` holds no text of the file. */
  fault(line: number, message: string): void {
    if (this.#faults.length < maxFaults) this.#faults.push({ line, message });
  }

  /** Declares an endpoint. */
  declare(found: FoundEndpoint, { service, line, schedule, key: rawKey }: Place): void {
    const key = safeKey(rawKey);
    // What a tool asks by default is told once for each service, not for every line that starts the tool.
    const place = found.confidence === 'implied' ? '' : line;
    const id = [found.host, found.port, found.scheme, place, key, service].join(' ');
    if (this.#isFull || this.#seen.has(id) || this.ownNames.has(found.host)) return;
    if (this.#seen.size >= maxEndpoints) {
      this.#isFull = true;
      this.fault(line, `more than ${maxEndpoints} endpoints: the rest of the file is left out`);
      return;
    }
    this.#seen.add(id);
    const { host, port, scheme, confidence } = found;
    const endpoint: DeclaredEndpoint = {
      service,
      host,
      port,
      scheme,
      file: this.#document.path,
      line,
      confidence,
      key,
      schedule,
    };
    this.#sink.declare(endpoint);
  }

  /** Declares what a value names; the lines of a text of many lines are told apart. */
  value(text: string, place: Place, options: ValueOptions = {}): void {
    const inner = readInnerJson(text, place.line);
    if (inner !== null) {
      this.tree(inner, place);
      return;
    }
    const key = place.key ?? '';
    const isMany = text.trimEnd().includes('\n');
    for (const [index, line] of text.split('\n').entries()) {
      if (/^\s*(?:#(?!\{)|\/\/|;|--\s)/.test(line) || line.trim() === '') continue;
      const at = options.isBlock === true ? place.line + index : place.line;
      for (const found of findEndpoints(key, line, { ...options, isProse: options.isProse === true || isMany })) {
        this.declare(found, { ...place, line: at });
      }
    }
  }

  /** Declares what the settings of one place name; `DB_PORT` gives the port of `DB_HOST`. */
  settings(settings: readonly Setting[], place: Owner, options: FindOptions = {}): void {
    const ports = new Map<string, number>();
    for (const { key, text } of settings) if (/^["']?\d{1,5}["']?$/.test(text.trim())) ports.set(key, readNumber(text));
    for (const { key, text, line, isBlock = false } of settings) {
      const port = ports.get(portKeyOf(key) ?? '') ?? null;
      this.value(text, { ...place, line, key }, { ...options, port, isBlock });
    }
  }

  /** Declares what the texts below a node name, keyed by their path; a `name` beside a `value` is the key of that value. */
  tree(node: ConfigNode, place: Place, options: FindOptions = {}): void {
    this.settings(settingsOf(node, place.key ?? ''), place, options);
  }

  /** Declares what the words of a command line name: a word behind `--flag` or `--flag=` is read by the flag's name. */
  words(words: readonly Word[], place: Place): void {
    let flag = '';
    for (const word of words) {
      const [, name = '', value] = /^--?([A-Za-z][\w.-]{0,100})(?:=([\s\S]*))?$/.exec(word.text) ?? [];
      if (name === '') this.#word(flag, word, place);
      else if (value !== undefined) this.#word(name, { ...word, text: value }, place);
      flag = value === undefined ? name : '';
    }
  }

  #word(flag: string, { text, line, isBlock = false }: Word, place: Place): void {
    const at = { ...place, line };
    if (text.includes('\n')) {
      this.value(text, at, { isBlock, isProse: true });
      return;
    }
    const key = flag === 'h' ? 'host' : flag;
    // The word behind a flag of one letter may be anything, a user and a password too.
    for (const found of findEndpoints(key, text, { isProse: key.length === 1 })) this.declare(found, at);
  }

  /** What reading came to. */
  reading(): ConfigReading {
    return { faults: this.#faults };
  }
}

function readNumber(text: string): number {
  return Number(text.replaceAll(/["'\s]/g, ''));
}

function settingsOf(node: ConfigNode, path: string): readonly Setting[] {
  if (node.kind === 'text') return [{ key: path, text: node.text, line: node.line, isBlock: node.isBlock }];
  if (node.kind === 'list')
    return isCommandLine(node) ? wordsOf(node, path) : node.items.flatMap((item) => settingsOf(item, path));
  const name = configTextAt(node, 'name');
  // An image in parts; who knows that it is one has declared its registry.
  const isImage =
    configTextAt(node, 'repository') !== '' && node.entries.some(({ key }) => /^(?:tag|registry)$/.test(key));
  return node.entries.flatMap(({ key, value }) => {
    if (isProseKey(key) || (isImage && /^(?:registry|repository)$/.test(key))) return [];
    const isNamed = key === 'value' && name !== '' && value.kind === 'text';
    return settingsOf(value, isNamed ? name : path === '' ? key : `${path}.${key}`);
  });
}

function isCommandLine({ items }: ConfigList): boolean {
  return items.some((item) => item.kind === 'text' && /^--?[A-Za-z]/.test(item.text));
}

/** The words of a command line that somebody wrote as a list: those behind a flag of one letter are left out, URLs apart. */
function wordsOf({ items }: ConfigList, path: string): readonly Setting[] {
  return items.flatMap((item, index): readonly Setting[] => {
    const before = items[index - 1];
    const isFlagged = before?.kind === 'text' && /^-[A-Za-z]$/.test(before.text);
    if (item.kind !== 'text') return settingsOf(item, path);
    if (isFlagged && !item.text.includes('://')) return [];
    const [, flag = '', value = ''] = /^--?([A-Za-z][\w.-]{0,100})=([\s\S]*)$/.exec(item.text) ?? [];
    return [flag === '' ? { ...item, key: path } : { ...item, key: `${path}.${flag}`, text: value }];
  });
}

/** A key that is itself a URL (the registries of a Docker configuration) may carry a password. */
function safeKey(key: string | null): string | null {
  return key === null || key === '' || key.includes('://') ? null : key.slice(-200);
}
