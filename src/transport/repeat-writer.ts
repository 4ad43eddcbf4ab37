import type { Clock } from '../base/index.ts';
import type { RepeatedDenials } from '../enforcement/index.ts';
import type { DecisionRecord } from '../policy/index.ts';

const lookEveryMs = 500;

/** What writing the sums of repeated denials needs. */
export interface RepeatWriterOptions {
  readonly denials: Pick<RepeatedDenials, 'takeEnded' | 'takeAll'>;
  readonly clock: Clock;
  record(record: DecisionRecord): void;
}

/** Writes how often denials were repeated: at the end of their window, and what is left when the listener stops. */
export class RepeatWriter {
  readonly #options: RepeatWriterOptions;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: RepeatWriterOptions) {
    this.#options = options;
  }

  /** Starts looking for windows that have ended. */
  start(): void {
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => this.#write('takeEnded'), lookEveryMs);
    this.#timer.unref();
  }

  /** Writes what is left. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#write('takeAll');
  }

  #write(which: 'takeEnded' | 'takeAll'): void {
    const { denials, clock, record } = this.#options;
    for (const sum of denials[which](clock.now())) record(sum);
  }
}
