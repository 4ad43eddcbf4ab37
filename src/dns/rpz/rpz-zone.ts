import { failed, ok, type Result } from '../../base/index.ts';
import type { IpAddress } from '../../destination/index.ts';
import { type DnsRecord, dnsTypes, internetClass, isBelow } from '../../wire/index.ts';
import { readSoa } from '../zones/soa.ts';
import { ActionTable } from './action-table.ts';
import { NameTable } from './name-table.ts';
import { PrefixTable } from './prefix-table.ts';
import { type RpzAction, type RpzRefusal, readRpzAction } from './rpz-action.ts';
import { type RpzTrigger, readRpzTrigger } from './rpz-trigger.ts';

/** A rule that was met: the trigger as the zone spells it, below its origin (`*.bad.example`, `32.1.2.0.192.rpz-ip`). */
export interface RpzRule {
  readonly trigger: string;
  readonly action: RpzAction;
}

/** Rules of a zone that do nothing here, by kind: how many, and the first of them as the zone spells them. */
export interface RpzUnsupported {
  readonly kind: RpzRefusal;
  readonly count: number;
  readonly examples: readonly string[];
}

/** A response policy zone, ready to be asked. It never changes; a new version of the zone is a new object. */
export interface RpzZone {
  /** The origin, lower-case without a last dot. */
  readonly name: string;
  readonly serial: number;
  /** Rules by trigger. */
  readonly rules: Readonly<Record<RpzTrigger['kind'], number>>;
  readonly unsupported: readonly RpzUnsupported[];
  /** Bytes that the names take. */
  readonly nameBytes: number;
  findName(name: string): RpzRule | null;
  findAddress(address: IpAddress): RpzRule | null;
  findClient(address: IpAddress): RpzRule | null;
}

const maxExamples = 5;

/** Makes a policy zone out of records, in any order, one at a time; owners must be lower-case. Nothing is dropped unsaid. */
export class RpzZoneBuilder {
  #origin: string;
  #serial: number | null = null;
  #records = 0;
  readonly #names: NameTable;
  readonly #addresses = new PrefixTable();
  readonly #clients = new PrefixTable();
  readonly #actions = new ActionTable();
  readonly #refused = new Map<RpzRefusal, { count: number; examples: string[] }>();

  /** `origin` holds until a SOA says another, which must then stand first. `expectedRules` is a guess that spares growing on the way. */
  constructor(origin: string, expectedRules = 0) {
    this.#origin = origin;
    this.#names = new NameTable(expectedRules);
  }

  /** Records that were added, the SOA too. */
  get records(): number {
    return this.#records;
  }

  /** Takes a record. */
  add(record: DnsRecord): void {
    this.#records += 1;
    const why = record.type === dnsTypes.soa ? this.#addSoa(record) : this.#addRule(record);
    if (why !== null) this.#refuse(why, record.name);
  }

  /** The zone, or null without a SOA: then it is not a zone, or only a piece of one. */
  finish(): RpzZone | null {
    if (this.#serial === null) return null;
    this.#names.seal();
    this.#actions.seal();
    const names = this.#names;
    const ruleOf = (trigger: string, value: number): RpzRule | null => {
      const action = this.#actions.at(value);
      return action === null ? null : { trigger, action };
    };
    const findIn = (table: PrefixTable, address: IpAddress): RpzRule | null => {
      const entry = table.match(address);
      return entry === null ? null : ruleOf(entry.trigger, entry.value);
    };
    return {
      name: this.#origin,
      serial: this.#serial,
      rules: { qname: names.size, ip: this.#addresses.size, client_ip: this.#clients.size },
      unsupported: [...this.#refused].map(([kind, refused]) => ({ kind, ...refused })),
      nameBytes: names.bytes,
      findName: (name) => {
        const hit = names.match(name);
        return hit === null ? null : ruleOf(hit.key, hit.value);
      },
      findAddress: (address) => findIn(this.#addresses, address),
      findClient: (address) => findIn(this.#clients, address),
    };
  }

  #addSoa(record: DnsRecord): RpzRefusal | null {
    const soa = readSoa(record.data);
    if (soa === null || this.#serial !== null) return 'conflicting_records';
    if (record.name !== this.#origin && this.#records > 1) return 'out_of_zone';
    this.#origin = record.name;
    this.#serial = soa.serial;
    return null;
  }

  #addRule(record: DnsRecord): RpzRefusal | null {
    if (record.class !== internetClass) return 'wrong_class';
    // Servers need the name servers of the zone, rules do not.
    if (record.name === this.#origin) return record.type === dnsTypes.ns ? null : 'at_apex';
    if (!isBelow(record.name, this.#origin)) return 'out_of_zone';
    const owner = this.#ownerOf(record.name);
    const trigger = readRpzTrigger(owner);
    if (!trigger.ok) return trigger.fault;
    const action = readRpzAction(record, owner, this.#origin);
    if (!action.ok) return action.fault;
    const set = this.#set(trigger.value, owner, action.value);
    return set.ok ? null : set.fault;
  }

  #set(trigger: RpzTrigger, owner: string, action: RpzAction): Result<void, RpzRefusal> {
    if (trigger.kind === 'qname') {
      const value = this.#numberOf(this.#names.get(trigger.name), action);
      if (!value.ok) return failed(value.fault);
      this.#names.set(trigger.name, value.value);
      return ok(undefined);
    }
    const table = trigger.kind === 'ip' ? this.#addresses : this.#clients;
    const value = this.#numberOf(table.get(trigger.prefix)?.value ?? null, action);
    if (!value.ok) return failed(value.fault);
    table.set(trigger.prefix, { trigger: owner, value: value.value });
    return ok(undefined);
  }

  #numberOf(before: number | null, action: RpzAction): Result<number, RpzRefusal> {
    return before === null ? ok(this.#actions.number(action)) : this.#actions.combine(before, action);
  }

  #ownerOf(name: string): string {
    return this.#origin === '' ? name : name.slice(0, name.length - this.#origin.length - 1);
  }

  #refuse(kind: RpzRefusal, name: string): void {
    const refused = this.#refused.get(kind) ?? { count: 0, examples: [] };
    this.#refused.set(kind, refused);
    refused.count += 1;
    const isInside = kind !== 'out_of_zone' && kind !== 'at_apex' && isBelow(name, this.#origin);
    if (refused.examples.length < maxExamples) refused.examples.push(isInside ? this.#ownerOf(name) : name);
  }
}
