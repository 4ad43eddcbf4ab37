import type { DecisionRecord, VerdictRecord } from '../../policy/index.ts';
import { findRecordsBetween, isRotatedAway } from '../../spool/index.ts';
import { type FlowTrace, subjectOf, type TraceSubject, traceFlow } from './trace-flow.ts';

/** Clients keep an answer for an hour at most, and some reuse it for a while. */
const answerKeptMs = 65 * 60_000;
const mostOtherFlows = 50;

/**
 * Reads what belongs to a flow beside its own records: the answer of DNS that a connection came from, the connections that came from an
 * answer. Null for flows that neither the gateway nor the DNS filter had a part in.
 */
export async function readTrace(
  spool: string,
  flow: string,
  records: readonly DecisionRecord[],
): Promise<FlowTrace | null> {
  const verdicts = records.filter((record) => record.kind === 'verdict');
  const isTraced = verdicts.length === 0 ? records.some(isEdgeShare) : verdicts.some(({ point }) => point !== 'proxy');
  const [first] = records;
  if (!isTraced || first === undefined) return null;
  const others = await readOthers(spool, flow, records, verdicts);
  const all = [...records, ...others].sort((one, other) =>
    one.time < other.time ? -1 : one.time > other.time ? 1 : 0,
  );
  return traceFlow({ flow, records: all, isRotatedAway: isRotatedAway(spool, flow) });
}

async function readOthers(
  spool: string,
  flow: string,
  records: readonly DecisionRecord[],
  verdicts: readonly VerdictRecord[],
): Promise<readonly DecisionRecord[]> {
  const [first] = records;
  const subject = first === undefined ? null : subjectOf(first);
  if (first === undefined || subject === null) return [];
  const beganMs = Date.parse(first.time);
  const isLike = (record: DecisionRecord): boolean => record.flow !== flow && isSame(subjectOf(record), subject);
  if (!verdicts.some(({ point }) => point === 'dns')) {
    const span = { fromMs: beganMs - answerKeptMs, toMs: beganMs, needle: subject.name };
    const isAnswer = (record: DecisionRecord): boolean =>
      record.kind === 'verdict' && record.point === 'dns' && isLike(record);
    return (await findRecordsBetween(spool, span, isAnswer)).slice(-1);
  }
  const hasPassed = verdicts.some(({ point }) => point === 'gateway');
  if (hasPassed || verdicts[0]?.verdict === 'deny') return [];
  const span = { fromMs: beganMs, toMs: beganMs + answerKeptMs, needle: subject.name };
  const flows = new Set<string>();
  return findRecordsBetween(spool, span, (record) => {
    const isPassage = record.kind !== 'verdict' || record.point === 'gateway';
    if (!isPassage || !isLike(record)) return false;
    if (flows.size < mostOtherFlows) flows.add(record.flow);
    return flows.has(record.flow);
  });
}

function isSame(one: TraceSubject | null, other: TraceSubject): boolean {
  return one !== null && one.service === other.service && one.source === other.source && one.name === other.name;
}

function isEdgeShare(record: DecisionRecord): boolean {
  return (record.kind === 'progress' || record.kind === 'close') && record.share?.source.endsWith(':0') === true;
}
