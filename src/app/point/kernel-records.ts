import type { Clock, NewId } from '../../base/index.ts';
import { type Destination, parseIpAddress } from '../../destination/index.ts';
import { denied, denyRecord, type RecordSink, type RepeatedDenials, verdictRecord } from '../../enforcement/index.ts';
import type { CountChanges, EdgeCount, KernelCounts, KindOfCount } from '../../gateway/index.ts';
import {
  type CloseRecord,
  type CompiledPolicy,
  type DecisionFacts,
  decide,
  type FlowShare,
  type ProgressRecord,
  type Verdict,
  type VerdictRecord,
} from '../../policy/index.ts';
import { createTurns } from '../../transport/index.ts';
import type { SourceClass } from './gateway-plane.ts';

/** What DNS told a class of sources of an address: the name, and the flow that the answer is recorded under. */
export interface ToldName {
  readonly name: string;
  readonly flow: string;
}

/** What records of the kernel are made from. */
export interface KernelRecordParts {
  readonly clock: Clock;
  readonly newId: NewId;
  readonly policy: () => CompiledPolicy | null;
  readonly facts: () => DecisionFacts;
  readonly classOf: (id: number) => SourceClass | null;
  readonly toldName: (id: number, address: string) => ToldName | null;
  readonly records: RecordSink;
  readonly denials: RepeatedDenials;
}

/** What the kernel counted since the point started. */
export interface KernelTotals {
  readonly deniedPackets: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** How long an edge without a packet stays one flow. */
const idleMs = 300_000;
/** How often the bytes of a flow that goes on are told. */
const progressMs = 60_000;
const protocols: Readonly<Record<number, 'tcp' | 'udp'>> = { 6: 'tcp', 17: 'udp' };

/** A flow of packets that pass, by edge: the kernel counts no single connections. */
interface EdgeFlow {
  readonly id: string;
  readonly source: string;
  /** The source without its port. */
  readonly address: string;
  readonly service: string;
  readonly destination: VerdictRecord['destination'];
  readonly grantId: string | null;
  readonly startedAt: number;
  packetsUp: number;
  packetsDown: number;
  bytesUp: number;
  bytesDown: number;
  toldUp: number;
  toldDown: number;
  toldAt: number;
  seenAt: number;
  /** Why packets of it are refused since the last that passed; null: none is. */
  refusedFor: CloseRecord['endedBy'] | null;
}

/**
 * Turns what the kernel counted into the records that a listener writes: a verdict for each edge that was denied or that begins, the bytes
 * of those that go on, and their end. The reason is asked of the one evaluator, at the moment of the count.
 */
export class KernelRecords {
  readonly #parts: KernelRecordParts;
  readonly #last = new Map<string, LastCount>();
  #round = 0;
  readonly #flows = new Map<string, EdgeFlow>();
  readonly #totals = { deniedPackets: 0, bytesUp: 0, bytesDown: 0 };

  constructor(parts: KernelRecordParts) {
    this.#parts = parts;
  }

  /**
   * Takes the counts of a moment, all of them or what changed; gives the edges that something went out by since the last ones. In slices, so that questions of DNS do not
   * wait for all of them; not to be called again before it is done.
   */
  async fold(counts: KernelCounts & Partial<CountChanges>): Promise<readonly EdgeCount[]> {
    const nowMs = this.#parts.clock.now();
    const turns = createTurns();
    this.#round += 1;
    const up: EdgeCount[] = [];
    // First: one that the kernel forgot may be among those that it counts anew.
    for (const { kind, edge } of counts.gone ?? []) this.#last.delete(`${kind} ${keyOf(edge)}`);
    const eachGrown = (kind: KindOfCount, take: (grown: GrownEdge) => void): Promise<void> =>
      turns.each(counts[kind], (edge) => {
        const grown = this.#grown(kind, edge);
        if (grown !== null) take(grown);
      });
    await eachGrown('denied', ({ edge, packets }) => this.#refuse(edge, packets, nowMs));
    await eachGrown('observed', ({ edge }) => this.#begin(edge, nowMs));
    await eachGrown('up', (grown) => {
      this.#pass(grown, 'up', nowMs);
      up.push(grown.edge);
    });
    await eachGrown('down', (grown) => this.#pass(grown, 'down', nowMs));
    await turns.each(this.#flows, ([key, flow]) => this.#tell(key, flow, nowMs));
    if (counts.isAll ?? true) {
      await turns.each(this.#last, ([key, { round }]) => {
        if (round !== this.#round) this.#last.delete(key);
      });
    }
    return up;
  }

  totals(): KernelTotals {
    return { ...this.#totals };
  }

  /** The last word on every flow of these source addresses, which nobody has any more. */
  end(sources: ReadonlySet<string>): void {
    const nowMs = this.#parts.clock.now();
    for (const [key, flow] of this.#flows) {
      if (!sources.has(flow.address)) continue;
      this.#flows.delete(key);
      this.#close(flow, nowMs, 'client');
    }
  }

  /** The last word on what still passes: the kernel lets it pass without us. */
  close(): void {
    const nowMs = this.#parts.clock.now();
    for (const flow of this.#flows.values()) if (hasMore(flow)) this.#progress(flow, nowMs);
  }

  // What was added since the last count, null where no packet was; the kernel starts anew where an edge was forgotten meanwhile.
  #grown(kind: string, edge: EdgeCount): GrownEdge | null {
    const key = `${kind} ${keyOf(edge)}`;
    const last = this.#last.get(key);
    this.#last.set(key, { packets: edge.packets, bytes: edge.bytes, round: this.#round });
    const from = last === undefined || edge.packets < last.packets ? { packets: 0, bytes: 0 } : last;
    const packets = edge.packets - from.packets;
    return packets > 0 ? { edge, packets, bytes: Math.max(0, edge.bytes - from.bytes) } : null;
  }

  #refuse(edge: EdgeCount, packets: number, nowMs: number): void {
    this.#totals.deniedPackets += packets;
    const judged = this.#judge(edge, nowMs);
    const facts = this.#factsOf(edge, judged, nowMs);
    const version = this.#parts.policy()?.version ?? null;
    // The evaluator allows it and the kernel did not: it came before the kernel was told.
    const early = judged?.told === null ? 'policy_changed' : 'address_untold';
    const verdict = judged?.verdict.verdict === 'allow' ? denied(judged.verdict, early) : judged?.verdict;
    const record =
      verdict === undefined ? denyRecord(facts, 'identity_unknown', version) : verdictRecord(facts, verdict);
    this.#note(record, edge, nowMs);
    const flow = this.#flows.get(keyOf(edge));
    if (flow !== undefined) flow.refusedFor = record.reason;
  }

  #note(record: VerdictRecord, edge: EdgeCount, nowMs: number): void {
    const noted = this.#parts.denials.note(record, edge.source, nowMs);
    if (noted.record !== null) this.#parts.records.write(noted.record);
  }

  #pass({ edge, packets, bytes }: GrownEdge, way: 'up' | 'down', nowMs: number): void {
    this.#totals[way === 'up' ? 'bytesUp' : 'bytesDown'] += bytes;
    const flow = this.#flows.get(keyOf(edge)) ?? this.#begin(edge, nowMs);
    if (flow === null) return;
    flow[way === 'up' ? 'packetsUp' : 'packetsDown'] += packets;
    flow[way === 'up' ? 'bytesUp' : 'bytesDown'] += bytes;
    flow.seenAt = nowMs;
    flow.refusedFor = null;
  }

  #begin(edge: EdgeCount, nowMs: number): EdgeFlow | null {
    const known = this.#flows.get(keyOf(edge));
    if (known !== undefined) return known;
    const judged = this.#judge(edge, nowMs);
    if (judged === null) return null;
    const facts = this.#factsOf(edge, judged, nowMs);
    const record = verdictRecord(facts, judged.verdict);
    this.#parts.records.write(record);
    const flow: EdgeFlow = {
      id: facts.flow,
      source: facts.source,
      address: edge.source,
      service: judged.from.service,
      destination: record.destination,
      grantId: judged.verdict.grantId,
      startedAt: nowMs,
      ...{
        packetsUp: 0,
        packetsDown: 0,
        bytesUp: 0,
        bytesDown: 0,
        toldUp: 0,
        toldDown: 0,
        toldAt: nowMs,
        seenAt: nowMs,
      },
      refusedFor: null,
    };
    this.#flows.set(keyOf(edge), flow);
    return flow;
  }

  #tell(key: string, flow: EdgeFlow, nowMs: number): void {
    if (nowMs - flow.seenAt >= idleMs) {
      this.#flows.delete(key);
      this.#close(flow, nowMs, 'timeout');
    } else if (hasMore(flow) && nowMs - flow.toldAt >= progressMs) this.#progress(flow, nowMs);
  }

  #close(flow: EdgeFlow, nowMs: number, by: CloseRecord['endedBy']): void {
    const endedBy = flow.refusedFor ?? by;
    this.#parts.records.write({ kind: 'close', ...this.#shares(flow, nowMs), endedBy, failure: null });
  }

  #progress(flow: EdgeFlow, nowMs: number): void {
    this.#parts.records.write({ kind: 'progress', ...this.#shares(flow, nowMs) });
    flow.toldUp = flow.bytesUp;
    flow.toldDown = flow.bytesDown;
    flow.toldAt = nowMs;
  }

  #shares(flow: EdgeFlow, nowMs: number): Omit<ProgressRecord, 'kind'> {
    return {
      id: this.#parts.newId(nowMs),
      flow: flow.id,
      time: new Date(nowMs).toISOString(),
      bytesUp: flow.bytesUp,
      bytesDown: flow.bytesDown,
      durationMs: nowMs - flow.startedAt,
      ...(flow.grantId === null ? {} : { grantId: flow.grantId }),
      ...shareOf(flow, nowMs),
      packets: { up: flow.packetsUp, down: flow.packetsDown },
    };
  }

  // Null: nobody that we know sent it.
  #judge(edge: EdgeCount, nowMs: number): Judged | null {
    const from = this.#parts.classOf(edge.serviceId);
    const policy = this.#parts.policy();
    const parsed = parseIpAddress(edge.address);
    if (from === null || policy === null || !parsed.ok) return null;
    const told = this.#parts.toldName(edge.serviceId, edge.address);
    const destination: Destination = {
      host: told === null ? { kind: 'address', address: parsed.value } : { kind: 'name', name: told.name },
      port: edge.port,
      protocol: protocols[edge.protocol] ?? null,
    };
    const verdict = decide(policy, { principal: from.principal, destination, facts: this.#parts.facts(), now: nowMs });
    return { from, told, destination, verdict };
  }

  #factsOf(edge: EdgeCount, judged: Judged | null, nowMs: number): Parameters<typeof denyRecord>[0] {
    const { newId } = this.#parts;
    const parsed = parseIpAddress(edge.address);
    const bare: Destination | null = parsed.ok
      ? {
          host: { kind: 'address', address: parsed.value },
          port: edge.port,
          protocol: protocols[edge.protocol] ?? null,
        }
      : null;
    return {
      id: newId(nowMs),
      flow: judged?.told?.flow ?? newId(nowMs),
      point: 'gateway',
      nowMs,
      stage: 'address',
      source: edge.family === 6 ? `[${edge.source}]:0` : `${edge.source}:0`,
      principal: judged?.from.principal ?? null,
      destination: judged?.destination ?? bare,
      address: edge.address,
      aimedAt: null,
      innerHost: 'unseen',
      isDelegated: false,
      detail: protocols[edge.protocol] === undefined ? `IP protocol ${edge.protocol}` : null,
    };
  }
}

/** What an edge came to by the last count, and by which one. */
interface LastCount {
  readonly packets: number;
  readonly bytes: number;
  readonly round: number;
}

/** An edge with what was added to it since the last count. */
interface GrownEdge {
  readonly edge: EdgeCount;
  readonly packets: number;
  readonly bytes: number;
}

interface Judged {
  readonly from: SourceClass;
  readonly told: ToldName | null;
  readonly destination: Destination;
  readonly verdict: Verdict;
}

function keyOf({ serviceId, source, address, protocol, port }: EdgeCount): string {
  return `${serviceId} ${source} ${address} ${protocol} ${port}`;
}

function hasMore(flow: EdgeFlow): boolean {
  return flow.bytesUp > flow.toldUp || flow.bytesDown > flow.toldDown;
}

function shareOf(flow: EdgeFlow, nowMs: number): { readonly share?: FlowShare } {
  if (flow.destination === null) return {};
  return {
    share: {
      source: flow.source,
      service: flow.service,
      destination: flow.destination,
      bytesUp: flow.bytesUp - flow.toldUp,
      bytesDown: flow.bytesDown - flow.toldDown,
      durationMs: nowMs - flow.toldAt,
    },
  };
}
