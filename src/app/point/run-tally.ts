import type { RecordSink } from '../../enforcement/index.ts';
import {
  type CloseRecord,
  type DecisionRecord,
  type ProgressRecord,
  type Reason,
  type VerdictRecord,
  verdictCount,
} from '../../policy/index.ts';

/** A destination that a run reached, or would not have reached under enforce. */
export interface ReachedDestination {
  readonly host: string;
  readonly port: number;
  readonly protocol: string;
  readonly connections: number;
  readonly failures: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Why enforce would have refused it; null where a rule or a grant allowed it. */
  readonly wouldDeny: Reason | null;
}

/** What a run was refused. `port` is null for a question of DNS. `id` is the last decision, for `exeat explain`. */
export interface DeniedDestination {
  readonly host: string | null;
  readonly port: number | null;
  readonly protocol: string | null;
  readonly reason: Reason;
  readonly count: number;
  readonly id: string;
}

/** What a run came to. */
export interface RunTally {
  readonly reached: readonly ReachedDestination[];
  readonly denied: readonly DeniedDestination[];
  readonly names: number;
  /** Destinations past the bound, which are in the records only. */
  readonly untold: number;
}

type Changeable<T> = { -readonly [K in keyof T]: T[K] };

// A command that tries names by the thousand fills records, and not this memory.
const mostDestinations = 1_000;

/** A sink that passes records on and keeps what they come to for one run. */
export class RunRecords implements RecordSink {
  readonly #to: RecordSink;
  readonly #reached = new Map<string, Changeable<ReachedDestination>>();
  readonly #denied = new Map<string, Changeable<DeniedDestination>>();
  readonly #flows = new Map<string, string>();
  #names = 0;
  #untold = 0;

  constructor(to: RecordSink) {
    this.#to = to;
  }

  get isKeeping(): boolean {
    return this.#to.isKeeping;
  }

  write(record: DecisionRecord): boolean {
    this.note(record);
    return this.#to.write(record);
  }

  /** Counts a record that somebody else passes on. */
  note(record: DecisionRecord): void {
    if (record.kind === 'verdict') this.#verdict(record);
    if (record.kind === 'progress' || record.kind === 'close') this.#bytes(record);
  }

  /** What it came to up to now. */
  tally(): RunTally {
    return {
      reached: [...this.#reached.values()].map((one) => ({ ...one })),
      denied: [...this.#denied.values()].map((one) => ({ ...one })),
      names: this.#names,
      untold: this.#untold,
    };
  }

  #bytes(record: ProgressRecord | CloseRecord): void {
    const reached = this.#reached.get(this.#flows.get(record.flow) ?? '');
    if (reached !== undefined) {
      reached.bytesUp += record.share?.bytesUp ?? 0;
      reached.bytesDown += record.share?.bytesDown ?? 0;
      reached.failures += record.kind === 'close' && record.failure !== null ? 1 : 0;
    }
    if (record.kind === 'close') this.#flows.delete(record.flow);
  }

  #verdict(record: VerdictRecord): void {
    if (record.verdict === 'deny') this.#deny(record);
    else if (record.point === 'dns') this.#names += verdictCount(record);
    else this.#reach(record);
  }

  #reach({ flow, destination, wouldDenyReason, stage }: VerdictRecord): void {
    if (destination === null || stage === 'recheck') return;
    const { host, port, protocol } = destination;
    const key = `${host} ${port} ${protocol}`;
    const known = this.#reached.get(key);
    if (known === undefined && this.#reached.size >= mostDestinations) {
      this.#untold += 1;
      return;
    }
    const counts = { connections: 0, failures: 0, bytesUp: 0, bytesDown: 0, wouldDeny: null };
    const reached = known ?? { host, port: port ?? 0, protocol: protocol ?? 'tls', ...counts };
    this.#reached.set(key, reached);
    // One flow may have several verdicts: by name, by what its first bytes said.
    if (!this.#flows.has(flow)) reached.connections += 1;
    this.#flows.set(flow, key);
    reached.wouldDeny ??= wouldDenyReason;
  }

  #deny(record: VerdictRecord): void {
    const { destination, reason, id } = record;
    const key = `${destination?.host} ${destination?.port} ${reason}`;
    const known = this.#denied.get(key);
    if (known === undefined && this.#denied.size >= mostDestinations) {
      this.#untold += 1;
      return;
    }
    const { host = null, port = null, protocol = null } = destination ?? {};
    const denied = known ?? { host, port, protocol, reason, count: 0, id };
    denied.count += verdictCount(record);
    denied.id = id;
    this.#denied.set(key, denied);
  }
}
