import type { FlowTrace, TracedAnswer, TracedPart, TracedPassage } from '../app/index.ts';
import type { VerdictRecord } from '../policy/index.ts';
import { formatTable, type Row } from './table.ts';
import { countText, sizeText } from './wording.ts';

/** A flow that is asked for again and again has as many lines; the first and the last tell the most. */
const mostOfEach = 20;

/** The answer of DNS, the decision and what passed, in the order of time, and why one of them is not there. */
export function flowTraceText({ dns, decisions, passages }: FlowTrace): string {
  const rows = [
    ...shown(dns.found, answerRow, 'dns'),
    ...shown(decisions.found, decisionRow, 'decision'),
    ...shown(passages.found, passageRow, 'passed'),
  ];
  const parts: readonly (readonly [string, TracedPart<unknown>])[] = [
    ['dns', dns],
    ['decision', decisions],
    ['passed', passages],
  ];
  const missing = parts.flatMap(([part, { missing: why }]) => (why === null ? [] : [{ time: null, part, what: why }]));
  const inOrder = rows.toSorted((one, other) => (one.time < other.time ? -1 : one.time > other.time ? 1 : 0));
  return `\nWhat happened:\n${formatTable(['time', 'part', 'what'], [...inOrder, ...missing])}`;
}

interface TracedRow extends Row {
  readonly time: string;
}

function shown<T>(all: readonly T[], rowOf: (one: T) => TracedRow, part: string): readonly TracedRow[] {
  const over = all.length - mostOfEach;
  if (over <= 0) return all.map(rowOf);
  const head = all.slice(0, mostOfEach / 2).map(rowOf);
  const gap = { time: head.at(-1)?.time ?? '', part, what: `${over} more like these` };
  return [...head, gap, ...all.slice(-mostOfEach / 2).map(rowOf)];
}

function answerRow({ time, name, query, verdict, reason, answer, detail, isOfFlow }: TracedAnswer): TracedRow {
  const told =
    answer === null
      ? verdict === 'deny'
        ? `denied, ${reason}`
        : 'no addresses were told'
      : `${answer.addresses.join(', ')}${answer.more === undefined ? '' : ` and ${answer.more} more`} for ${answer.ttlSeconds} s`;
  const whose = isOfFlow ? '' : ', another flow of the same source';
  const why = detail === null ? '' : `, ${detail}`;
  return { time, part: 'dns', what: `${query ?? ''} ${name}: ${told}${why}${whose}`.trim() };
}

function decisionRow({ time, verdict, reason, stage, destination, ruleIds, repeats }: VerdictRecord): TracedRow {
  const at = destination?.address == null ? '' : ` at ${destination.address}`;
  const to = destination === null ? '' : `: ${destination.host}${portText(destination.port)}${at}`;
  const by = ruleIds.length === 0 ? '' : `, by ${ruleIds.join(', ')}`;
  const more = repeats === undefined ? '' : `, ${repeats} more times`;
  return { time, part: 'decision', what: `${verdict} ${reason} (${stage})${to}${by}${more}` };
}

function passageRow(passage: TracedPassage): TracedRow {
  const { beganAt, plane, source, address, port, protocol } = passage;
  const from = plane === 'address' ? source.slice(0, source.lastIndexOf(':')) : source;
  const to = address === null ? '-' : address.includes(':') ? `[${address}]` : address;
  const what = `${protocol ?? 'packets'} ${from} -> ${to}${portText(port)}: ${amountText(passage)}, ${endText(passage)}`;
  return { time: beganAt, part: 'passed', what };
}

function amountText({ packets, bytesUp, bytesDown }: TracedPassage): string {
  if (bytesUp === null || bytesDown === null) return 'not counted yet, bytes are told once a minute and at the end';
  const up = packets === null ? '' : ` in ${countText(packets.up, 'packet')}`;
  const down = packets === null ? '' : ` in ${countText(packets.down, 'packet')}`;
  return `${sizeText(bytesUp)}${up} up, ${sizeText(bytesDown)}${down} down`;
}

function endText({ state, endedBy, durationMs, plane }: TracedPassage): string {
  if (state === 'open') return 'still open';
  const silence = endedBy === 'timeout' && plane === 'address' ? ' (no packet for 5 minutes)' : '';
  return `ended by ${endedBy}${silence} after ${Math.round((durationMs ?? 0) / 1000)} s`;
}

function portText(port: number | null): string {
  return port === null ? '' : `:${port}`;
}
