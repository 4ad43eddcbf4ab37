import { parseIpPrefix } from '../../../destination/index.ts';
import type { RejectCode } from '../../observation.ts';
import type { ProviderRange } from '../../provider-range.ts';
import { type ConfigNode, configItemsAt } from '../config/config-node.ts';
import { readJsonNode } from '../config/read-json-node.ts';
import type { ConfigDocument } from '../config-format.ts';
import type { RangeReading } from '../range-format.ts';
import { createTally, type LineTally, tallyReject } from '../source-reader.ts';

/** Whose a block is, besides its prefix. */
export type RangeOwner = Omit<ProviderRange, 'prefix'>;

/** Takes the entries of one table: each is kept once, or counted by what is wrong with it. */
export class RangeCollector {
  readonly #ranges = new Map<string, ProviderRange>();
  readonly #tally: LineTally = createTally();

  /** An entry of a JSON table: its prefix is the text of a node. */
  addNode(node: ConfigNode, owner: RangeOwner): void {
    this.add(node.kind === 'text' ? node.text : '', node.line, owner);
  }

  /** An entry with the line that it stands in, from 1. */
  add(written: string, line: number, owner: RangeOwner): void {
    const prefix = written.trim();
    if (prefix === '' || owner.provider === '' || !Object.values(owner).every(isWord)) {
      this.reject('bad_fields', line, prefix);
      return;
    }
    const parsed = parseIpPrefix(prefix);
    if (!parsed.ok) {
      this.reject(parsed.fault.code === 'address_malformed' ? 'bad_address' : 'bad_prefix', line, prefix);
      return;
    }
    // A block of every address would make every address a provider's.
    if (parsed.value.length === 0) {
      this.reject('bad_prefix', line, prefix);
      return;
    }
    this.#tally.lines += 1;
    this.#tally.taken += 1;
    const range = { prefix: parsed.value.text, ...owner };
    this.#ranges.set(Object.values(range).join('\n'), range);
  }

  /** An entry, or a whole table, that cannot be used. */
  reject(code: RejectCode, line: number, text: string): void {
    this.#tally.lines += 1;
    tallyReject(this.#tally, code, line, text);
  }

  /** A line that says nothing of addresses: a header, a comment. */
  skipHeader(): void {
    this.#tally.lines += 1;
    this.#tally.skips.header = (this.#tally.skips.header ?? 0) + 1;
  }

  /** What the table came to. */
  reading(publishedMs: number | null): RangeReading {
    return { ranges: [...this.#ranges.values()], tally: this.#tally, publishedMs };
  }
}

/** Longer words are no service and no region. */
const mostWordLength = 100;

/** Whether a text can stand on one line of whatever is printed. */
function isWord(text: string): boolean {
  return text.length <= mostWordLength && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text);
}

/** Reads a JSON table; what stops the reading is counted, what came before is used. */
export function readRangeJson(
  { text }: ConfigDocument,
  collect: (root: ConfigNode | null, collector: RangeCollector) => number | null,
): RangeReading {
  const collector = new RangeCollector();
  const { node, fault } = readJsonNode(text);
  if (fault !== null) collector.reject('bad_json', fault.line, fault.message);
  return collector.reading(collect(node, collector));
}

/** Adds every text of a list under a path of keys. */
export function addList(
  collector: RangeCollector,
  node: ConfigNode | null,
  keys: readonly string[],
  owner: RangeOwner,
): void {
  for (const item of configItemsAt(node, ...keys)) collector.addNode(item, owner);
}

/** An instant of a count of milliseconds or seconds as text; null where it is none. */
export function instantOf(count: string, unitMs: 1 | 1000): number | null {
  const instantMs = /^\d{1,13}$/.test(count) ? Number(count) * unitMs : 0;
  return instantMs > 0 && instantMs < latestMs ? instantMs : null;
}

/** The year 2100: what says later says something else. */
const latestMs = Date.UTC(2100, 0, 1);
