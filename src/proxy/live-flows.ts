import { type LiveFlow, progressRecord, recheckFlow, type SessionPorts } from '../enforcement/index.ts';
import type { DecisionRecord, ServiceSummary } from '../policy/index.ts';
import type { LiveLink } from '../transport/index.ts';

// Judging one flow takes a few microseconds: a slice stalls the loop by less than a millisecond.
const flowsPerSlice = 64;
// Looks for flows whose time has come this often; with it, a flow is cut within a second of its proof's end.
const lookEveryMs = 500;
// Everything is judged again this often, whatever was announced: a clock that was set, a date that passed.
const sweepEveryMs = 15_000;

/** What judging live flows needs. */
export interface LiveFlowsOptions {
  readonly ports: SessionPorts;
  readonly links: () => Iterable<LiveLink>;
  record(record: DecisionRecord): void;
}

/**
 * Judges live flows again: all of them when the policy, the trust material or a revocation changed, one when its own time has come.
 * What nothing justifies any more is recorded and cut. INVARIANT: within 1 s of the change, in slices that never stall the loop.
 */
export class LiveFlows {
  readonly #options: LiveFlowsOptions;
  readonly #due = new Map<LiveLink, number>();
  #timer: NodeJS.Timeout | null = null;
  #sweepAt = 0;
  #running: Promise<number> | null = null;
  #isAgain = false;

  constructor(options: LiveFlowsOptions) {
    this.#options = options;
  }

  /** Starts the clockwork. */
  start(): void {
    if (this.#timer !== null) return;
    this.#sweepAt = this.#options.ports.clock.now() + sweepEveryMs;
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
    this.#timer.unref();
  }

  /** Stops the clockwork. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#due.clear();
  }

  /** Is told when a flow became live or ended. */
  changed(link: LiveLink): void {
    if (link.flow === null) this.#due.delete(link);
    else this.#setDue(link, link.flow);
  }

  /** Judges every live flow again; says how many were cut. Asked while it runs, it runs once more afterwards. */
  recheckAll(): Promise<number> {
    if (this.#running !== null) {
      this.#isAgain = true;
      return this.#running;
    }
    this.#running = this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #run(): Promise<number> {
    let cut = 0;
    do {
      this.#isAgain = false;
      cut += await this.#recheckInSlices([...this.#options.links()]);
    } while (this.#isAgain);
    return cut;
  }

  async #recheckInSlices(links: readonly LiveLink[]): Promise<number> {
    let cut = 0;
    for (let at = 0; at < links.length; at += flowsPerSlice) {
      if (at > 0) await new Promise<void>((resolve) => setImmediate(resolve));
      cut += links.slice(at, at + flowsPerSlice).filter((link) => this.#recheck(link)).length;
    }
    return cut;
  }

  #recheck(link: LiveLink): boolean {
    const { flow } = link;
    if (flow === null) return false;
    const found = recheckFlow(this.#options.ports, flow);
    if (found === null) {
      this.#setDue(link, flow);
      return false;
    }
    this.#options.record(found.record);
    link.cut(found.reason);
    return true;
  }

  #look(): void {
    const nowMs = this.#options.ports.clock.now();
    if (nowMs >= this.#sweepAt || nowMs < this.#sweepAt - sweepEveryMs) {
      this.#sweepAt = nowMs + sweepEveryMs;
      void this.recheckAll();
      return;
    }
    for (const [link, dueMs] of this.#due) {
      if (dueMs > nowMs) continue;
      if (!this.#recheck(link)) this.#progress(link, nowMs);
    }
  }

  #progress(link: LiveLink, nowMs: number): void {
    const { flow } = link;
    const { ports } = this.#options;
    if (flow === null || nowMs < flow.progressAt + ports.settings.limits.progressIntervalMs) return;
    const { bytesUp, bytesDown } = link;
    this.#options.record(progressRecord(flow, { id: ports.newId(nowMs), nowMs, bytesUp, bytesDown }));
    flow.progressAt = nowMs;
    flow.toldUp = bytesUp;
    flow.toldDown = bytesDown;
    this.#setDue(link, flow);
  }

  #setDue(link: LiveLink, flow: LiveFlow): void {
    const times = [
      flow.progressAt + this.#options.ports.settings.limits.progressIntervalMs,
      flow.principal.expiresAt,
      observedUntil(this.#options.ports.policy.current()?.service(flow.principal.service) ?? null),
    ];
    this.#due.set(link, Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY)));
  }
}

// A date that has passed already is no time to wait for: the clock enforces since then.
function observedUntil(service: ServiceSummary | null): number | null {
  return service?.mode === 'observe' ? service.observeUntil : null;
}
