import type { DecisionAnswer, ExceptionAnswer } from '../api/contract/index.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { cellText, formatTable, type Row } from './table.ts';
import { durationText, whenText } from './when-text.ts';
import { sizeText } from './wording.ts';

/** Columns of exceptions for people. */
export const exceptionColumns = [
  'id',
  'status',
  'service',
  'to',
  'for',
  'until',
  'owner',
  'requester',
  'reason',
] as const;

/** Columns of exceptions for spreadsheets. */
export const exceptionCsvColumns = [
  'id',
  'kind',
  'status',
  'close',
  'reviewStatus',
  'tier',
  'findings',
  'service',
  'identity',
  'to',
  'via',
  'durationSeconds',
  'bytesUp',
  'bytesDown',
  'requester',
  'beneficiary',
  'owner',
  'reason',
  'ticket',
  'extends',
  'decision',
  'submittedAt',
  'notBefore',
  'notAfter',
  'endedAt',
  'endedBy',
  'decisions',
  'closedAt',
  'reviewDueAt',
  'review',
  'policyVersion',
  'digest',
] as const;

/** One exception as a line for people. */
export function exceptionRow(one: ExceptionAnswer, nowMs: number): Row {
  const { id, service, to, owner, requester, reason, endedAt, notAfter, pendingUntil } = one;
  const until = endedAt ?? notAfter ?? pendingUntil;
  return {
    id,
    status: statusText(one),
    service,
    to,
    for: durationText(one.durationSeconds),
    until: whenText(until, nowMs),
    owner,
    requester,
    reason,
  };
}

/** Prints one exception by `-o`. */
export function printException(cli: Cli, one: ExceptionAnswer): ExitCode {
  cli.printObject({ ...one }, () => exceptionText(one, cli.io.now()));
  return exitCodes.ok;
}

/** An exception for people, and what to type next. */
export function exceptionText(one: ExceptionAnswer, nowMs: number): string {
  const next = nextStep(one);
  return `${exceptionFacts(one, nowMs)}${next === null ? '' : `\n${next}\n`}`;
}

/** An exception for people: what it lets out, how long, who asked and who decided. */
export function exceptionFacts(one: ExceptionAnswer, nowMs: number): string {
  const rows = [...scopeRows(one), ...peopleRows(one), ...clockRows(one, nowMs), ...decisionRows(one, nowMs)];
  return formatTable(['what', 'is'], rows);
}

function scopeRows(one: ExceptionAnswer): readonly Row[] {
  const { kind, tier, findings, service, identity, to, via, bytesUp, bytesDown } = one;
  return [
    { what: kind, is: one.id },
    { what: 'status', is: statusText(one) },
    { what: 'tier', is: findings.length === 0 ? tier : `${tier}: ${findings.join(', ')}` },
    { what: 'service', is: identity === null ? service : `${service} as ${identity}` },
    { what: 'to', is: via.length === 0 ? to : `${to} by way of ${via.join(', ')}` },
    { what: 'for', is: durationText(one.durationSeconds) },
    { what: 'at most', is: `${capText(bytesUp)} up, ${capText(bytesDown)} down` },
  ];
}

function statusText({ status, close, reviewStatus }: ExceptionAnswer): string {
  return [status, close, reviewStatus].filter((part) => part !== null).join(', ');
}

function peopleRows({
  requester,
  beneficiary,
  owner,
  reason,
  ticket,
  decision,
  extends: before,
}: ExceptionAnswer): readonly Row[] {
  return [
    { what: 'asked by', is: beneficiary === requester ? requester : `${requester} for ${beneficiary}` },
    { what: 'owner', is: owner },
    { what: 'reason', is: reason },
    ...(ticket === null ? [] : [{ what: 'ticket', is: ticket }]),
    ...(decision === null ? [] : [{ what: 'answers denial', is: decision }]),
    ...(before === null ? [] : [{ what: 'extends', is: before }]),
  ];
}

function clockRows(one: ExceptionAnswer, nowMs: number): readonly Row[] {
  const clocks: readonly (readonly [what: string, instant: string | null])[] = [
    ['asked', one.submittedAt],
    ['shall start', one.notBefore === null ? one.startAt : null],
    ['undecided until', one.notAfter === null && one.endedAt === null ? one.pendingUntil : null],
    ['must start by', one.notBefore === null ? one.startBy : null],
    ['from', one.notBefore],
    ['until', one.notAfter],
    ['closed', one.closedAt],
    ['review due', one.review === null ? one.reviewDueAt : null],
  ];
  const told = clocks.flatMap(([what, instant]) => (instant === null ? [] : [{ what, is: whenText(instant, nowMs) }]));
  if (one.endedAt === null) return told;
  return [...told, { what: 'ended', is: `${whenText(one.endedAt, nowMs)} by ${one.endedBy ?? 'its time'}` }];
}

function decisionRows(one: ExceptionAnswer, nowMs: number): readonly Row[] {
  const given = one.decisions.filter(({ verdict, isCurrent }) => verdict === 'approve' && isCurrent).length;
  const { review } = one;
  return [
    ...(one.kind === 'exception' ? [{ what: 'approvals', is: approvalsText(given, one) }] : []),
    ...one.decisions.map((each) => ({ what: decisionNames[each.verdict], is: decisionText(each, nowMs) })),
    ...(review === null
      ? []
      : [{ what: 'review', is: `${review.outcome} by ${review.by}, ${whenText(review.at, nowMs)}` }]),
    ...(review?.note == null ? [] : [{ what: 'note', is: review.note }]),
    ...(one.digest === ''
      ? []
      : [
          { what: 'policy', is: one.policyVersion },
          { what: 'digest', is: one.digest },
        ]),
  ];
}

function approvalsText(given: number, { status, approvalsNeeded }: ExceptionAnswer): string {
  return status === 'pending' ? `${given}, ${approvalsNeeded} more needed` : String(given);
}

const decisionNames = { approve: 'approved', deny: 'denied' } as const;

function decisionText({ by, at, reason, isCurrent, confirmedBy }: DecisionAnswer, nowMs: number): string {
  const stale = isCurrent ? '' : ' (void: something else is asked now)';
  const proof = confirmedBy === null ? '' : `, confirmed with a ${confirmedBy}`;
  return `by ${by}, ${whenText(at, nowMs)}${proof}${reason === null ? '' : `: ${reason}`}${stale}`;
}

function capText(bytes: number | null): string {
  return bytes === null ? 'any bytes' : sizeText(bytes);
}

function nextStep({ id, kind, status, reviewStatus, digest }: ExceptionAnswer): string | null {
  const shown = cellText(id);
  if (status === 'pending')
    return `Somebody else decides: exeat exception approve ${shown} --digest ${cellText(digest)}`;
  if (kind === 'break-glass' && status === 'active') {
    return `Somebody else stands by it: exeat break-glass acknowledge ${shown}`;
  }
  const isDue = reviewStatus === 'review_due' || reviewStatus === 'review_overdue';
  return isDue ? `What became of it: exeat exception review ${shown} --outcome ok` : null;
}
