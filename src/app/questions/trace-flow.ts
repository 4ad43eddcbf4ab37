import {
  type CloseRecord,
  type DecisionRecord,
  type FlowShare,
  type ProgressRecord,
  type RecordedAnswer,
  type RecordedPackets,
  several,
  type VerdictRecord,
} from '../../policy/index.ts';

/** A question to the DNS filter, and what was told. */
export interface TracedAnswer {
  readonly id: string;
  readonly time: string;
  readonly name: string;
  /** `A`, `AAAA`; null in records of old versions. */
  readonly query: string | null;
  readonly verdict: 'allow' | 'deny';
  readonly reason: string;
  /** Null: nothing with addresses was told. */
  readonly answer: RecordedAnswer | null;
  readonly detail: string | null;
  /** Whether it has the id of the flow, or is only the same source asking for the same name. */
  readonly isOfFlow: boolean;
}

/** Packets to one address and port that the kernel counts together, or one connection that was read by name. */
export interface TracedPassage {
  readonly flow: string;
  /** `address`: judged and counted in the kernel; `name`: relayed by the listener. */
  readonly plane: 'address' | 'name';
  readonly source: string;
  readonly address: string | null;
  readonly port: number | null;
  readonly protocol: string | null;
  readonly beganAt: string;
  /** Null where the plane counts none, or none was told yet. */
  readonly packets: RecordedPackets | null;
  /** As they were told last; null: not yet, they are told once a minute and at the end. */
  readonly bytesUp: number | null;
  readonly bytesDown: number | null;
  readonly durationMs: number | null;
  readonly state: 'open' | 'ended';
  /** `timeout`, `client`, a reason, or a failure; null while it is open. */
  readonly endedBy: string | null;
}

/** One of the three parts of a flow, or why it is not there. */
export interface TracedPart<T> {
  readonly found: readonly T[];
  readonly missing: string | null;
}

/** What was asked of DNS and told, what was decided, and what passed, each in the order of time. */
export interface FlowTrace {
  readonly dns: TracedPart<TracedAnswer>;
  readonly decisions: TracedPart<VerdictRecord>;
  readonly passages: TracedPart<TracedPassage>;
}

/** The same for the records that it is made of. */
export interface TraceSources {
  readonly flow: string;
  /** Records of the flow, and of others by the same source and name, in the order of writing. */
  readonly records: readonly DecisionRecord[];
  /** Whether the spool began after the flow did. */
  readonly isRotatedAway: boolean;
}

/** Who asked for what, as far as records of a flow tell: what records of other flows are found by. */
export interface TraceSubject {
  readonly service: string;
  /** Without a port. */
  readonly source: string;
  readonly name: string;
}

/** Gives the subject of a record; null where it is not known, or stands for several. */
export function subjectOf(record: DecisionRecord): TraceSubject | null {
  const parts =
    record.kind === 'verdict'
      ? { service: record.principal?.service, source: record.source, destination: record.destination }
      : record.kind === 'progress' || record.kind === 'close'
        ? record.share
        : undefined;
  const { service, source, destination } = parts ?? {};
  if (service === undefined || source === undefined || destination == null) return null;
  if (source === several || destination.host === several) return null;
  return { service, source: addressOfSource(source), name: destination.host };
}

/** The address of `10.20.0.7:51234` or `[2001:db8::7]:51234`. */
export function addressOfSource(source: string): string {
  return source.slice(0, source.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}

/** Joins the records to what happened. A part that is not there says why. */
export function traceFlow(sources: TraceSources): FlowTrace {
  const { flow, records } = sources;
  const verdicts = records.filter((record) => record.kind === 'verdict');
  const answers = verdicts.filter(({ point }) => point === 'dns').map((record) => answerOf(record, flow));
  const decisions = verdicts.filter(({ point }) => point === 'gateway');
  const passages = foldPassages(records);
  const known = { ...sources, answers, decisions, passages };
  return {
    dns: { found: answers, missing: answers.length > 0 ? null : missingAnswer(known) },
    decisions: { found: decisions, missing: decisions.length > 0 ? null : missingDecision(known) },
    passages: { found: passages, missing: passages.length > 0 ? null : missingPassage(known) },
  };
}

interface Known extends TraceSources {
  readonly answers: readonly TracedAnswer[];
  readonly decisions: readonly VerdictRecord[];
  readonly passages: readonly TracedPassage[];
}

const rotated = 'its records were removed from the spool by the disk budget';

function missingAnswer({ records, decisions, isRotatedAway }: Known): string {
  const [first] = decisions;
  const destination = first?.destination ?? firstShare(records)?.destination;
  if (destination === undefined) return isRotatedAway ? rotated : 'who asked for what is not known';
  if (destination.host === destination.address) {
    return first?.verdict === 'deny'
      ? 'never asked: no answer of DNS had told this service of the address'
      : 'never asked: a rule for the address itself opens it';
  }
  const isRelayed = !isEdge(first?.source ?? firstShare(records)?.source ?? '');
  if (isRelayed) {
    return 'the gateway resolved the name itself; no question of this source for it is in the spool, allowed ones are recorded by `dns.sample`';
  }
  return isRotatedAway ? rotated : 'its record is not in the spool';
}

function missingDecision({ answers, passages, isRotatedAway }: Known): string {
  if (answers.at(-1)?.verdict === 'deny') return 'denied before: the name was not answered';
  if (passages.length > 0 || (answers.length === 0 && isRotatedAway)) return rotated;
  return 'the gateway saw no connection of this source to it';
}

function missingPassage({ answers, decisions, isRotatedAway }: Known): string {
  if (decisions.at(-1)?.verdict === 'deny') return 'denied: nothing passed';
  if (decisions.length === 0 && answers.at(-1)?.verdict === 'deny') return 'denied before: nothing was opened';
  return isRotatedAway && answers.length === 0 ? rotated : 'no packet of it was seen';
}

function answerOf(record: VerdictRecord, flow: string): TracedAnswer {
  const { id, time, verdict, reason, destination, query = null, answer = null, detail = null } = record;
  return {
    ...{ id, time, name: destination?.host ?? '', query, verdict, reason, answer, detail },
    isOfFlow: record.flow === flow,
  };
}

// The kernel counts by edge: a flow of one name has one passage for each, and another once one has ended.
function foldPassages(records: readonly DecisionRecord[]): readonly TracedPassage[] {
  const all: TracedPassage[] = [];
  const open = new Map<string, number>();
  for (const record of records) {
    const key = passageKey(record) ?? '';
    const place = open.get(key) ?? all.length;
    const next = key === '' ? null : passageAfter(all[place] ?? null, record);
    if (next === null) continue;
    all[place] = next;
    if (next.state === 'open') open.set(key, place);
    else open.delete(key);
  }
  return all;
}

function passageKey(record: DecisionRecord): string | null {
  const parts =
    record.kind === 'verdict' && record.point === 'gateway'
      ? record
      : record.kind === 'progress' || record.kind === 'close'
        ? (record.share ?? null)
        : null;
  if (parts === null || parts.destination === null) return null;
  const { source, destination } = parts;
  if (!isEdge(source)) return record.flow;
  return [record.flow, source, destination.address, destination.port, destination.protocol].join(' ');
}

function passageAfter(known: TracedPassage | null, record: DecisionRecord): TracedPassage | null {
  if (record.kind === 'verdict') {
    if (record.verdict === 'deny') return known;
    return known === null ? begun(record) : { ...known, address: record.destination?.address ?? known.address };
  }
  if (record.kind !== 'progress' && record.kind !== 'close') return known;
  const base = known ?? (record.share === undefined ? null : grown(record, record.share));
  return base === null ? null : { ...base, ...totalsOf(record) };
}

function begun({ flow, source, destination, time }: VerdictRecord): TracedPassage {
  return {
    ...{ flow, plane: isEdge(source) ? 'address' : 'name', source, beganAt: time },
    ...{ address: destination?.address ?? null, port: destination?.port ?? null },
    protocol: destination?.protocol ?? null,
    ...{ packets: null, bytesUp: null, bytesDown: null, durationMs: null, state: 'open', endedBy: null },
  };
}

// Its beginning is told by an earlier file, or by none that is left.
function grown({ flow, time, durationMs }: ProgressRecord | CloseRecord, share: FlowShare): TracedPassage {
  const { source, destination } = share;
  const beganAt = new Date(Date.parse(time) - durationMs).toISOString();
  return {
    ...{ flow, plane: isEdge(source) ? 'address' : 'name', source, beganAt },
    ...{ address: destination.address, port: destination.port, protocol: destination.protocol },
    ...{ packets: null, bytesUp: null, bytesDown: null, durationMs: null, state: 'open', endedBy: null },
  };
}

function totalsOf(record: ProgressRecord | CloseRecord): Partial<TracedPassage> {
  const { packets = null, bytesUp, bytesDown, durationMs } = record;
  const end =
    record.kind === 'close' ? ({ state: 'ended', endedBy: record.failure ?? record.endedBy } as const) : undefined;
  return { packets, bytesUp, bytesDown, durationMs, ...end };
}

function firstShare(records: readonly DecisionRecord[]): FlowShare | null {
  for (const record of records) {
    if ((record.kind === 'progress' || record.kind === 'close') && record.share !== undefined) return record.share;
  }
  return null;
}

// The kernel counts no ports of sources.
function isEdge(source: string): boolean {
  return source.endsWith(':0');
}
