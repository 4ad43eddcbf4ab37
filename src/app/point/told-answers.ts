import type { Clock } from '../../base/index.ts';
import type { IpAddress } from '../../destination/index.ts';
import type { AnswerSink, ToldAnswer } from '../../enforcement/index.ts';
import {
  createToldTable,
  type KernelClient,
  type Opening,
  type TimedEntry,
  type ToldEntry,
  type ToldTable,
} from '../../gateway/index.ts';
import { type CompiledPolicy, type DecisionFacts, type NetworkFacts, namePlane } from '../../policy/index.ts';
import type { SourceClass } from './gateway-plane.ts';
import type { ToldName } from './kernel-records.ts';

/** What the answers of DNS are told by. */
export interface ToldAnswerParts {
  readonly clock: Clock;
  readonly kernel: Pick<KernelClient, 'learn' | 'forget'>;
  readonly policy: () => CompiledPolicy | null;
  readonly facts: () => DecisionFacts;
  readonly network: () => NetworkFacts;
  /** For how long an address is kept past the time of its answer. Whole seconds count, one at least. Default: 2 minutes. */
  readonly graceMs?: number;
  /** The classes of a service's sources; empty for one that is found by no source. */
  readonly classesOf: (service: string) => readonly SourceClass[];
}

/** A name that was told to a class of sources, with what each of its addresses opened. */
interface Told {
  readonly from: SourceClass;
  readonly name: string;
  /** By family, since each is asked for by itself: the flow of the last answer that is recorded, and when that was (epoch milliseconds). */
  readonly flows: Map<4 | 6, { readonly flow: string; readonly recordedAt: number }>;
  readonly opened: Map<string, { readonly address: IpAddress; readonly text: string }>;
  isByGrant: boolean;
}

/** What the addresses of a name open, by address as text. */
interface Openings {
  readonly byAddress: ReadonlyMap<string, readonly Opening[]>;
  readonly isByGrant: boolean;
}

/** An answer that is told over and over is recorded anew after this long, so that flows begun by it find it in the spool. */
const recordedAnewMs = 3_600_000;

const nothingOpen: Openings = { byAddress: new Map(), isByGrant: false };
// Judging one name takes some tens of microseconds.
const namesPerSlice = 64;

/**
 * What services were told of names, as the kernel holds it. INVARIANT: an answer is confirmed only when the kernel holds every address that
 * it opens, and what nothing justifies any more is taken back from the kernel before it is forgotten here.
 */
export class ToldAnswers implements AnswerSink {
  readonly #parts: ToldAnswerParts;
  readonly #table: ToldTable;
  readonly #told = new Map<string, Told>();
  readonly #byAddress = new Map<string, Told>();

  constructor(parts: ToldAnswerParts) {
    this.#parts = parts;
    const { clock, graceMs } = parts;
    const seconds = graceMs === undefined ? {} : { graceSeconds: Math.max(1, Math.round(graceMs / 1000)) };
    this.#table = createToldTable({ clock, ...seconds });
  }

  async confirm(answer: ToldAnswer): Promise<boolean> {
    const done = await Promise.all(this.#parts.classesOf(answer.service).map((from) => this.#tell(from, answer)));
    return done.every((one) => one);
  }

  /** Judges everything that was told again and takes back what nothing justifies any more, what grants opened first. Gives how much. */
  async recheckAll(): Promise<number> {
    const all = [...this.#told].sort(([, one], [, other]) => Number(other.isByGrant) - Number(one.isByGrant));
    let gone = 0;
    for (let at = 0; at < all.length; at += namesPerSlice) {
      const over = all.slice(at, at + namesPerSlice).filter(([, told]) => !this.#isStillOpen(told));
      gone += await this.#takeBack(over);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    return gone;
  }

  /** Keeps the siblings of addresses in use: a client that holds a whole answer moves to another of its addresses later. */
  async keepSiblings(live: readonly { readonly serviceId: number; readonly address: string }[]): Promise<void> {
    const writes = this.#table.renewSiblings(live);
    if (writes.length > 0) await this.#parts.kernel.learn(writes);
  }

  /** All that is left, for a kernel that lost it. */
  remaining(): readonly TimedEntry[] {
    return this.#table.remaining();
  }

  /** The name that an address was told for last, and the flow of that answer. */
  nameOf(classId: number, address: string): ToldName | null {
    const told = this.#byAddress.get(`${classId} ${address}`);
    const last = told?.flows.get(address.includes(':') ? 6 : 4);
    return told === undefined || last === undefined ? null : { name: told.name, flow: last.flow };
  }

  /** Entries that the kernel holds. */
  size(): number {
    return this.#table.size();
  }

  async #tell(from: SourceClass, answer: ToldAnswer): Promise<boolean> {
    const [policy, facts] = [this.#parts.policy(), this.#parts.facts()];
    const openings = this.#openingsOf(from, answer.name, answer.addresses);
    const tellings = [...openings.byAddress].map(([address, opened]) =>
      this.#table.tell({
        ...{ serviceId: from.id, name: answer.name, addresses: [address], openings: opened },
        ttlSeconds: answer.ttlSeconds,
      }),
    );
    const whole = tellings.filter((one) => one !== null);
    if (whole.length < tellings.length) return false;
    const writes = whole.flatMap((one) => one.writes);
    if (writes.length > 0 && !(await this.#parts.kernel.learn(writes))) return false;
    for (const one of whole) one.confirm();
    this.#remember(from, answer, openings);
    const evicted = whole.flatMap((one) => one.evicted);
    if (evicted.length > 0) await this.#parts.kernel.forget(evicted);
    // Rules and grants may have ended while the kernel was told, and whoever judged everything again did not see this yet.
    const isOld = this.#parts.policy() !== policy || this.#parts.facts() !== facts;
    return !isOld || (await this.#recheckOne(`${from.id} ${answer.name}`));
  }

  async #recheckOne(key: string): Promise<boolean> {
    const told = this.#told.get(key);
    if (told === undefined || this.#isStillOpen(told)) return true;
    await this.#takeBack([[key, told]]);
    return false;
  }

  #remember(from: SourceClass, answer: ToldAnswer, { byAddress, isByGrant }: Openings): void {
    if (byAddress.size === 0) return;
    const key = `${from.id} ${answer.name}`;
    const told = this.#told.get(key) ?? {
      ...{ from, name: answer.name, flows: new Map(), opened: new Map(), isByGrant },
    };
    const now = this.#parts.clock.now();
    for (const { family } of answer.addresses) {
      const recordedAt = told.flows.get(family)?.recordedAt ?? Number.NEGATIVE_INFINITY;
      if (answer.isRecorded || now - recordedAt >= recordedAnewMs)
        told.flows.set(family, { flow: answer.flow(), recordedAt: now });
    }
    told.isByGrant = isByGrant;
    for (const address of answer.addresses) {
      const opened = byAddress.get(address.text);
      if (opened === undefined) continue;
      told.opened.set(address.text, { address, text: JSON.stringify(opened) });
      this.#byAddress.set(`${from.id} ${address.text}`, told);
    }
    this.#told.set(key, told);
  }

  #isStillOpen(told: Told): boolean {
    const held = new Set(this.#table.entriesOf(told.from.id, told.name).map(({ address }) => address));
    for (const address of [...told.opened.keys()]) if (!held.has(address)) this.#drop(told, address);
    if (told.opened.size === 0) return false;
    const current = this.#parts.classesOf(told.from.service).find(({ id }) => id === told.from.id);
    if (current === undefined) return false;
    const addresses = [...told.opened.values()].map(({ address }) => address);
    const { byAddress, isByGrant } = this.#openingsOf(current, told.name, addresses);
    told.isByGrant = isByGrant;
    return [...told.opened].every(([address, { text }]) => JSON.stringify(byAddress.get(address)) === text);
  }

  // A name is taken back as a whole where a part of it is over: what is left of it is told with the next answer.
  async #takeBack(over: readonly (readonly [string, Told])[]): Promise<number> {
    const entries: ToldEntry[] = [];
    for (const [key, told] of over) {
      for (const address of [...told.opened.keys()]) this.#drop(told, address);
      this.#told.delete(key);
      entries.push(...this.#table.forget(told.from.id, told.name));
    }
    if (entries.length > 0) await this.#parts.kernel.forget(entries);
    return entries.length;
  }

  #drop(told: Told, address: string): void {
    const key = `${told.from.id} ${address}`;
    told.opened.delete(address);
    if (this.#byAddress.get(key) === told) this.#byAddress.delete(key);
  }

  #openingsOf(from: SourceClass, name: string, addresses: readonly IpAddress[]): Openings {
    const policy = this.#parts.policy();
    if (policy === null) return nothingOpen;
    const { clock, facts, network } = this.#parts;
    const question = { principal: from.principal, facts: facts(), network: network(), now: clock.now() };
    const byAddress = new Map<string, Opening[]>();
    let isByGrant = false;
    for (const { address, protocol, ports, verdict, grantIds } of namePlane(policy, { ...question, name, addresses })) {
      isByGrant ||= grantIds.length > 0;
      const known = byAddress.get(address) ?? [];
      byAddress.set(address, [...known, { protocol, ports, verdict }]);
    }
    return { byAddress, isByGrant };
  }
}
