import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import { type DnsRecord, dnsTypes, internetClass, sameName } from '../../wire/index.ts';
import { isLaterSerial, readSoa } from '../zones/soa.ts';
import { type PackedRecords, RecordPacker, recordKey } from './packed-records.ts';

/** What a primary said: that nothing changed, the whole zone, or what to take away from ours and what to add. */
export type TransferOutcome =
  | { readonly kind: 'unchanged'; readonly serial: number }
  /** `records` are without the SOA. */
  | { readonly kind: 'full'; readonly soa: DnsRecord; readonly records: PackedRecords }
  | {
      readonly kind: 'delta';
      readonly soa: DnsRecord;
      /** Keys of `recordKey`; each was in our version. */
      readonly removed: ReadonlySet<string>;
      readonly added: ReadonlyMap<string, DnsRecord>;
    };

/** How a transfer is read. */
export interface TransferReaderOptions {
  readonly origin: string;
  /** The serial of our version for IXFR, null for AXFR. */
  readonly serial: number | null;
  readonly maxRecords: number;
  readonly maxBytes: number;
}

type State = 'first' | 'second' | 'full' | 'removing' | 'adding' | 'done';

/** A delta is held as objects; past this the whole zone is the cheaper answer. */
const maxDeltaRecords = 500_000;

/**
 * Reads the records of an AXFR (RFC 5936 section 2.2) or IXFR (RFC 1995 section 4) in their order, whatever messages they came in.
 * States: `first` SOA; `second` tells a whole zone from differences; `full` until the SOA returns; `removing` and `adding` in turn, each
 * begun by a SOA, until the SOA of the new version returns; `done`.
 */
export class TransferReader {
  readonly #options: TransferReaderOptions;
  readonly #packer: RecordPacker;
  readonly #removed = new Set<string>();
  readonly #added = new Map<string, DnsRecord>();
  #state: State = 'first';
  #soa: DnsRecord | null = null;
  #serial = 0;
  /** The version that the difference at hand leads to. */
  #reached = 0;
  #outcome: TransferOutcome | null = null;

  constructor(options: TransferReaderOptions) {
    this.#options = options;
    this.#packer = new RecordPacker(options.maxBytes);
  }

  /** What was said, once it is whole. */
  get outcome(): TransferOutcome | null {
    return this.#outcome;
  }

  /** Takes the next record. Faults: `transfer_malformed`, `transfer_too_large`, `delta_too_large`. */
  add(record: DnsRecord): Result<void> {
    if (record.class !== internetClass) return refuse('a record is not of class IN');
    const isSoa = record.type === dnsTypes.soa && sameName(record.name, this.#options.origin);
    const serial = isSoa ? (readSoa(record.data)?.serial ?? null) : null;
    switch (this.#state) {
      case 'first':
        return this.#addFirst(record, serial);
      case 'second':
        return this.#addSecond(record, serial);
      case 'full':
        return serial === null ? this.#pack(record) : this.#endFull(serial);
      case 'removing':
        return serial === null ? this.#remove(record) : this.#startAdding(serial);
      case 'adding':
        return serial === null ? this.#addOne(record) : this.#endAdding(serial);
      case 'done':
        return refuse('records follow the end of the zone');
      default:
        return this.#state satisfies never;
    }
  }

  #addFirst(record: DnsRecord, serial: number | null): Result<void> {
    if (serial === null) return refuse('the answer does not begin with the SOA of the zone');
    this.#soa = record;
    this.#serial = serial;
    this.#state = 'second';
    const ours = this.#options.serial;
    if (ours !== null && !isLaterSerial(serial, ours)) this.#finish({ kind: 'unchanged', serial });
    return ok(undefined);
  }

  #addSecond(record: DnsRecord, serial: number | null): Result<void> {
    if (serial !== null && serial === this.#options.serial) {
      this.#state = 'removing';
      return ok(undefined);
    }
    this.#state = 'full';
    return serial === null ? this.#pack(record) : this.#endFull(serial);
  }

  #endFull(serial: number): Result<void> {
    if (serial !== this.#serial) return refuse('the zone changed while it was transferred');
    if (this.#soa !== null) this.#finish({ kind: 'full', soa: this.#soa, records: this.#packer.finish() });
    return ok(undefined);
  }

  #pack(record: DnsRecord): Result<void> {
    if (this.#packer.count >= this.#options.maxRecords || !this.#packer.add(record)) {
      return failed(fault('transfer_too_large', `a zone has at most ${this.#options.maxRecords} records`));
    }
    return ok(undefined);
  }

  #startAdding(serial: number): Result<void> {
    this.#reached = serial;
    this.#state = 'adding';
    return ok(undefined);
  }

  #endAdding(serial: number): Result<void> {
    if (serial !== this.#reached) return refuse('the differences do not follow one another');
    if (serial !== this.#serial) {
      this.#state = 'removing';
    } else if (this.#soa !== null) {
      this.#finish({ kind: 'delta', soa: this.#soa, removed: this.#removed, added: this.#added });
    }
    return ok(undefined);
  }

  // Several differences become one: what one added and a later one took away again was never ours.
  #remove(record: DnsRecord): Result<void> {
    const key = recordKey(record);
    if (!this.#added.delete(key)) this.#removed.add(key);
    return this.#checkDelta();
  }

  #addOne(record: DnsRecord): Result<void> {
    this.#added.set(recordKey(record), record);
    return this.#checkDelta();
  }

  #checkDelta(): Result<void> {
    if (this.#added.size + this.#removed.size <= maxDeltaRecords) return ok(undefined);
    return failed(fault('delta_too_large', `differences have at most ${maxDeltaRecords} records`));
  }

  #finish(outcome: TransferOutcome): void {
    this.#state = 'done';
    this.#outcome = outcome;
  }
}

function refuse(why: string): Result<never, Fault> {
  return failed(fault('transfer_malformed', why));
}
