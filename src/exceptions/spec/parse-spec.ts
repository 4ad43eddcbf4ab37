import { ok, quoteInput, type Result } from '../../base/index.ts';
import { parsePolicyTarget } from '../../destination/index.ts';
import { type ExceptionFault, refuse } from '../fault.ts';
import type { ExceptionSpec } from './exception-spec.ts';

/** A reason that says less than this says nothing to an auditor. */
const leastReasonLength = 10;
const mostTextLength = 500;
const placeholder = /^(?:todo|tbd|fixme|xxx)\b/i;
const unsafe = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/**
 * Reads what somebody asks for to its one spelling, so that one thing has one digest. What only a policy or the people can tell is checked
 * by the transition. Faults: `target_malformed`, `spec_malformed`, `reason_missing`.
 */
export function parseSpec(asked: ExceptionSpec): Result<ExceptionSpec, ExceptionFault> {
  const target = parsePolicyTarget(asked.to);
  if (!target.ok) return refuse('target_malformed', target.fault.message);
  const wrong = wrongText(asked) ?? wrongNumber(asked);
  if (wrong !== null) return refuse('spec_malformed', wrong);
  const reason = asked.reason.trim();
  if (reason.length < leastReasonLength || placeholder.test(reason) || !/\p{L}{2}/u.test(reason))
    return refuse('reason_missing', `reason ${quoteInput(reason)} is too short or a placeholder`);
  return ok({
    relaxes: 'reach',
    service: asked.service,
    identity: asked.identity,
    to: target.value.canonical,
    via: [...new Set(asked.via)].sort(),
    durationMs: asked.durationMs,
    startAtMs: asked.startAtMs,
    bytesUp: asked.bytesUp,
    bytesDown: asked.bytesDown,
    reason,
    owner: asked.owner,
    beneficiary: asked.beneficiary,
    ticket: asked.ticket,
    extends: asked.extends,
    denial: asked.denial,
  });
}

function wrongText(asked: ExceptionSpec): string | null {
  const { service, identity, reason, owner, beneficiary, ticket, denial } = asked;
  const texts = { service, identity, reason, owner, beneficiary, ticket, extends: asked.extends, denial };
  for (const [name, text] of Object.entries(texts)) {
    if (text === null) continue;
    const most = name === 'identity' ? 4_096 : mostTextLength;
    if (text === '' || text.length > most || unsafe.test(text) || !text.isWellFormed())
      return `\`${name}\` must be one line of 1 to ${most} characters`;
  }
  return asked.via.length > 64 || asked.via.some((segment) => !/^[a-z0-9-]{1,63}$/.test(segment))
    ? '`via` must list at most 64 names of segments'
    : null;
}

function wrongNumber({ durationMs, startAtMs, bytesUp, bytesDown }: ExceptionSpec): string | null {
  if (!isCount(durationMs, 1_000)) return '`durationMs` must be a whole number from 1000';
  if (startAtMs !== null && !isCount(startAtMs, 0)) return '`startAtMs` must be an instant in epoch milliseconds';
  if ([bytesUp, bytesDown].some((bytes) => bytes !== null && !isCount(bytes, 1)))
    return '`bytesUp` and `bytesDown` must be whole numbers from 1';
  return null;
}

function isCount(value: number, least: number): boolean {
  return Number.isSafeInteger(value) && value >= least;
}
