import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import {
  type DestinationClass,
  destinationClasses,
  type IpPrefix,
  ipAddressFromWords,
  prefixOf,
} from '../destination/index.ts';
import type { DirectoryMatch, Evidence, EvidenceSet, HeldLease } from '../identity/index.ts';
import type { CompiledPolicy, SegmentSummary, ServiceSummary } from './compiled-policy.ts';
import { checkBody, checkHeader } from './format/check-buffer.ts';
import { serviceKinds } from './format/codes.ts';
import { type FlatView, readText, viewOf } from './format/flat-view.ts';
import { metaWord, none, rangeWord, segmentWord, serviceWord } from './format/layout.ts';
import { findService } from './format/lookup.ts';
import { MatchCollector } from './match-collector.ts';
import { matchPresented, matchSource } from './principal-directory.ts';

/** How much {@link openPolicy} checks. */
export interface OpenOptions {
  /**
   * `whole` reads every word (tens of milliseconds for a million rules); `header` only the header, for a buffer that another
   * thread checked with {@link verifyPolicyBuffer} and handed over. Default `whole`.
   */
  readonly check?: 'whole' | 'header';
}

/**
 * Opens a compiled policy over its buffer (which may be shared memory and must not change any more) without parsing it.
 * Faults: `policy_buffer_invalid` for anything but an undamaged buffer of this format; the message says what is wrong.
 */
export function openPolicy(
  bytes: Uint8Array,
  options: OpenOptions = {},
): Result<CompiledPolicy, Fault<'policy_buffer_invalid'>> {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >>> 2);
  const damage = checkHeader(words, aligned.byteLength) ?? (options.check === 'header' ? null : checkBody(words));
  if (damage !== null) return failed(fault('policy_buffer_invalid', damage));
  return ok(new OpenedPolicy(viewOf(words, aligned)));
}

/** Checks every word of a buffer, for a worker that hands it on. Null when it is whole, else what is wrong. */
export function verifyPolicyBuffer(bytes: Uint8Array): string | null {
  const opened = openPolicy(bytes);
  return opened.ok ? null : opened.fault.message;
}

/** A policy in force over one flat buffer. Made by {@link openPolicy} only. */
export class OpenedPolicy implements CompiledPolicy {
  readonly version: string;
  readonly ruleCount: number;
  readonly serviceCount: number;
  /** @internal */
  readonly view: FlatView;
  /** @internal */
  readonly collector: MatchCollector;
  /** @internal For addresses beside the destination: those that a name resolved to, and those that an address carries inside. */
  readonly addressCollector: MatchCollector;
  /** @internal Row of the `unattributed` principal, or `none`. */
  readonly unattributedRow: number;
  #segments: readonly SegmentSummary[] | null = null;
  // Ends with the proof, which whoever verified it remembers for a bounded time.
  readonly #matched = new WeakMap<Evidence, { readonly source: string; readonly matches: readonly DirectoryMatch[] }>();

  constructor(view: FlatView) {
    this.view = view;
    this.collector = new MatchCollector(view);
    this.addressCollector = new MatchCollector(view);
    const meta = (word: number): number => view.words[view.meta.at + word] ?? 0;
    this.version = readText(view, meta(metaWord.version));
    this.ruleCount = meta(metaWord.ruleCount);
    this.serviceCount = meta(metaWord.serviceCount);
    this.unattributedRow = meta(metaWord.unattributedService);
  }

  *services(): Iterable<ServiceSummary> {
    for (let row = 0; row < this.serviceCount; row++) yield this.#summary(row);
  }

  service(name: string): ServiceSummary | null {
    const row = this.serviceRow(name);
    return row < 0 ? null : this.#summary(row);
  }

  segments(): readonly SegmentSummary[] {
    this.#segments ??= readSegments(this.view);
    return this.#segments;
  }

  matchPresented(evidence: EvidenceSet, leases: readonly HeldLease[] = []): readonly DirectoryMatch[] {
    const [proof] = evidence.presented;
    // Of one proof alone, by where it came from last: nothing else is asked, and neither it nor this policy changes.
    if (proof === undefined || evidence.presented.length > 1 || leases.length > 0) {
      return matchPresented(this.view, evidence, leases);
    }
    const known = this.#matched.get(proof);
    if (known !== undefined && known.source === evidence.source) return known.matches;
    const matches = matchPresented(this.view, evidence, leases);
    this.#matched.set(proof, { source: evidence.source, matches });
    return matches;
  }

  matchSource(source: string, nowMs: number, leases: readonly HeldLease[] = []): readonly DirectoryMatch[] {
    return matchSource(this.view, source, { nowMs, leases });
  }

  /** @internal The row of a service, or -1. */
  serviceRow(name: string): number {
    return findService(this.view, name);
  }

  /** @internal The class of a code. */
  className(code: number): DestinationClass {
    return destinationClasses[code] ?? 'admin';
  }

  /** @internal A word of a service's record. */
  serviceWord(row: number, word: number): number {
    return this.view.words[this.view.services.at + row * 12 + word] as number;
  }

  /** @internal The end of observing in epoch milliseconds, or null. */
  observeUntil(row: number): number | null {
    return instantOf(this.serviceWord(row, serviceWord.untilLow), this.serviceWord(row, serviceWord.untilHigh));
  }

  #summary(row: number): ServiceSummary {
    const text = (word: number): string => readText(this.view, this.serviceWord(row, word));
    const environment = this.serviceWord(row, serviceWord.environment);
    return {
      name: text(serviceWord.name),
      owner: text(serviceWord.owner),
      kind: serviceKinds[this.serviceWord(row, serviceWord.kind)] ?? 'app',
      mode: this.serviceWord(row, serviceWord.mode) === 1 ? 'observe' : 'enforce',
      observeUntil: this.observeUntil(row),
      environment: environment === none ? null : readText(this.view, environment),
    };
  }
}

/** An instant of two words, low first; null where both are `none`. */
export function instantOf(low: number, high: number): number | null {
  return low === none && high === none ? null : high * 2 ** 32 + low;
}

function readSegments(view: FlatView): readonly SegmentSummary[] {
  const made: SegmentSummary[] = [];
  for (let row = 0; row < view.segments.length / 4; row++) {
    const word = (index: number): number => view.words[view.segments.at + row * 4 + index] as number;
    const environment = word(segmentWord.environment);
    const ranges: IpPrefix[] = [];
    const end = Math.min(word(segmentWord.ranges) + word(segmentWord.rangeCount), view.ranges.length / 6);
    for (let range = word(segmentWord.ranges); range < end; range++) ranges.push(readRange(view, range));
    made.push({
      name: readText(view, word(segmentWord.name)),
      ranges,
      environment: environment === none ? null : readText(view, environment),
    });
  }
  return made;
}

function readRange(view: FlatView, row: number): IpPrefix {
  const at = view.ranges.at + row * 6;
  const count = view.words[at + rangeWord.family] === 4 ? 1 : 4;
  const words = Array.from({ length: count }, (_, index) => view.words[at + rangeWord.words + index] as number);
  return prefixOf(ipAddressFromWords(words), view.words[at + rangeWord.length] as number);
}
