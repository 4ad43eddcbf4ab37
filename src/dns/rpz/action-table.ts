import { failed, ok, type Result } from '../../base/index.ts';
import { dnsTypes } from '../../wire/index.ts';
import type { RpzAction, RpzData, RpzRefusal } from './rpz-action.ts';

/** More records answer no question better; a zone that has more for an owner is told so. */
const maxRecordsPerOwner = 64;

/** The actions of a zone, each once: a list of a million names has a handful of them, and a name keeps a number. */
export class ActionTable {
  readonly #actions: RpzAction[] = [];
  #numbers: Map<string, number> | null = new Map();

  /** The action of a number that `number` gave. */
  at(number: number): RpzAction | null {
    return this.#actions[number] ?? null;
  }

  /** The number of an action, a new one or that of its equal. */
  number(action: RpzAction): number {
    const key = keyOf(action);
    const known = this.#numbers?.get(key);
    if (known !== undefined) return known;
    this.#actions.push(action);
    this.#numbers?.set(key, this.#actions.length - 1);
    return this.#actions.length - 1;
  }

  /** The number of what two records of one owner mean together: local data adds up, anything else must be the same. */
  combine(number: number, added: RpzAction): Result<number, RpzRefusal> {
    const before = this.at(number);
    if (before === null) return ok(this.number(added));
    if (keyOf(before) === keyOf(added)) return ok(number);
    if (before.kind !== 'local_data' || added.kind !== 'local_data') return failed('conflicting_records');
    const known = new Set(before.records.map(keyOfData));
    const records = [...before.records, ...added.records.filter((record) => !known.has(keyOfData(record)))];
    // An alias stands alone (RFC 2181 section 10.1).
    if (records.length > 1 && records.some(({ type }) => type === dnsTypes.cname)) return failed('conflicting_records');
    if (records.length > maxRecordsPerOwner) return failed('too_many_records');
    return ok(this.number({ kind: 'local_data', records }));
  }

  /** Lets go of what only `number` and `combine` need. */
  seal(): void {
    this.#numbers = null;
  }
}

function keyOf(action: RpzAction): string {
  if (action.kind === 'local_data') return `local_data ${action.records.map(keyOfData).join(' ')}`;
  return action.kind === 'rewrite' ? `rewrite ${action.ttlSeconds} ${action.below}` : action.kind;
}

function keyOfData(record: RpzData): string {
  return `${record.type}:${record.ttlSeconds}:${Buffer.from(record.data).toString('latin1')}`;
}
