import {
  type ByteMeter,
  blockFlow,
  grantEndOfFlow,
  grantOverOfFlow,
  type LiveFlow,
  progressRecord,
  type RecheckFinding,
  recheckFlow,
  type SessionPorts,
} from '../enforcement/index.ts';
import type { DecisionRecord, ProgressRecord, ServiceSummary } from '../policy/index.ts';
import type { LiveLink } from './transport.ts';

// Judging one flow takes a few microseconds, cutting it some dozens: a slice stalls the loop by a few milliseconds.
const flowsPerSlice = 64;
// Looks for flows whose time has come this often; with it, 8,000 flows are cut within a second of the end of their proof or grant.
const lookEveryMs = 100;
// Everything is judged again this often, whatever was announced: a clock that was set, a date that passed.
const sweepEveryMs = 15_000;

/** What judging live flows needs. */
export interface LiveFlowsOptions {
  readonly ports: SessionPorts;
  readonly links: () => Iterable<LiveLink>;
  record(record: DecisionRecord): void;
}

/** A flow that nothing justifies any more. */
interface Ending {
  readonly link: LiveLink;
  readonly found: RecheckFinding;
}

/**
 * Judges live flows again: all of them when the policy, the trust material or a revocation changed, one when its own time has come.
 * What nothing justifies any more is recorded and cut. INVARIANT: within 1 s of the change, in slices that never stall the loop.
 */
export class LiveFlows {
  readonly #options: LiveFlowsOptions;
  readonly #due = new Map<LiveLink, number>();
  /** No flow is due before this. */
  #nextDueMs = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  #sweepAt = 0;
  #isLooking = false;
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

  /**
   * A flow has used up what `meter` counts, or its bytes cannot be written down: true when something else justifies it from now on; else it
   * was recorded and cut.
   */
  outOfBudget(link: LiveLink, meter: ByteMeter): boolean {
    const { flow } = link;
    if (flow === null) return false;
    const found = this.#recheck(link);
    if (found !== null) {
      this.#endAll([{ link, found }]);
      return false;
    }
    if (flow.meter !== meter) return true;
    this.#endAll([{ link, found: blockFlow(this.#options.ports, flow) }]);
    return false;
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
      cut += await this.#recheckInSlices(this.#endedFirst());
    } while (this.#isAgain);
    return cut;
  }

  // Those whose grant is over go first: what a revocation ends must not wait for thousands that it does not touch.
  #endedFirst(): readonly LiveLink[] {
    const [ended, others]: [LiveLink[], LiveLink[]] = [[], []];
    for (const link of this.#options.links()) {
      const isEnded = link.flow !== null && grantOverOfFlow(this.#options.ports, link.flow) !== null;
      (isEnded ? ended : others).push(link);
    }
    return [...ended, ...others];
  }

  async #recheckInSlices(links: readonly LiveLink[], kept?: (link: LiveLink) => void): Promise<number> {
    let cut = 0;
    for (let at = 0; at < links.length; at += flowsPerSlice) {
      if (at > 0) await new Promise<void>((resolve) => setImmediate(resolve));
      cut += this.#recheckSlice(links.slice(at, at + flowsPerSlice), kept);
    }
    return cut;
  }

  #recheckSlice(links: readonly LiveLink[], kept?: (link: LiveLink) => void): number {
    const ends: Ending[] = [];
    try {
      for (const link of links) {
        const found = this.#recheck(link);
        if (found !== null) ends.push({ link, found });
        else kept?.(link);
      }
    } finally {
      this.#endAll(ends);
    }
    return ends.length;
  }

  // Null: it may go on.
  #recheck(link: LiveLink): RecheckFinding | null {
    const { flow } = link;
    if (flow === null) return null;
    const { verdict, meter } = flow;
    const found = recheckFlow(this.#options.ports, flow);
    if (found !== null) return found;
    if (flow.meter !== meter) link.meterChanged?.();
    // What passed until now was under that grant; what comes is another's.
    if (verdict.grantId !== null && flow.verdict.grantId !== verdict.grantId) {
      this.#tell(flow, this.#progressOf(link, { ...flow, verdict }));
    }
    this.#setDue(link, flow);
    return null;
  }

  // All are reset before anything is told: a peer that was woken by the first reset is awake for the others, which costs each of them
  // less, and nothing that fails while telling keeps a flow open.
  #endAll(ends: readonly Ending[]): void {
    for (const { link, found } of ends) link.reset(found.reason);
    for (const { link, found } of ends) {
      this.#options.record(found.record);
      link.cut(found.reason);
    }
  }

  #look(): void {
    const nowMs = this.#options.ports.clock.now();
    if (nowMs >= this.#sweepAt || nowMs < this.#sweepAt - sweepEveryMs) {
      this.#sweepAt = nowMs + sweepEveryMs;
      void this.recheckAll();
      return;
    }
    if (nowMs < this.#nextDueMs || this.#isLooking) return;
    this.#isLooking = true;
    void this.#recheckInSlices(this.#takeDue(nowMs), (link) => this.#progress(link)).finally(() => {
      this.#isLooking = false;
    });
  }

  #takeDue(nowMs: number): readonly LiveLink[] {
    const due: LiveLink[] = [];
    this.#nextDueMs = Number.POSITIVE_INFINITY;
    for (const [link, dueMs] of this.#due) {
      if (dueMs <= nowMs) due.push(link);
      else if (dueMs < this.#nextDueMs) this.#nextDueMs = dueMs;
    }
    return due;
  }

  #progress(link: LiveLink): void {
    const { flow } = link;
    const { ports } = this.#options;
    const nowMs = ports.clock.now();
    if (flow === null || nowMs < flow.progressAt + ports.settings.limits.progressIntervalMs) return;
    this.#tell(flow, this.#progressOf(link, flow));
    this.#setDue(link, flow);
  }

  // What is told once is no part of what the next record tells.
  #tell(flow: LiveFlow, record: ProgressRecord): void {
    this.#options.record(record);
    flow.progressAt = Date.parse(record.time);
    flow.toldUp = record.bytesUp;
    flow.toldDown = record.bytesDown;
  }

  #progressOf({ bytesUp, bytesDown }: LiveLink, flow: LiveFlow): ProgressRecord {
    const { ports } = this.#options;
    const nowMs = ports.clock.now();
    return progressRecord(flow, { id: ports.newId(nowMs), nowMs, bytesUp, bytesDown });
  }

  #setDue(link: LiveLink, flow: LiveFlow): void {
    const times = [
      flow.progressAt + this.#options.ports.settings.limits.progressIntervalMs,
      flow.principal.expiresAt,
      grantEndOfFlow(this.#options.ports, flow),
      observedUntil(this.#options.ports.policy.current()?.service(flow.principal.service) ?? null),
    ];
    const dueMs = Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY));
    this.#due.set(link, dueMs);
    this.#nextDueMs = Math.min(this.#nextDueMs, dueMs);
  }
}

// A date that has passed already is no time to wait for: the clock enforces since then.
function observedUntil(service: ServiceSummary | null): number | null {
  return service?.mode === 'observe' ? service.observeUntil : null;
}
