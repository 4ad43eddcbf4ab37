import type { Command } from 'commander';
import type { ExceptionAnswer, RequestBody } from '../api/contract/index.ts';
import { ok, type Result } from '../base/index.ts';
import { parseCap, parseMoment, parseSeconds, readOptional } from './api-options.ts';

/** What is asked for, as flags; the same ones change it later. */
export interface SpecFlags {
  readonly service?: string;
  readonly to?: string;
  readonly for?: string;
  readonly owner?: string;
  readonly reason?: string;
  readonly identity?: string;
  readonly via?: readonly string[];
  readonly start?: string;
  readonly bytesUp?: string;
  readonly bytesDown?: string;
  readonly ticket?: string;
  readonly decision?: string;
  readonly beneficiary?: string;
}

/** Adds the flags of {@link SpecFlags} that nobody has to give. */
export function addScopeOptions(command: Command): Command {
  return command
    .option('--identity <identity>', 'only for this identity of the service (default: any of them)')
    .option('--via <segment...>', 'segments that it must resolve into (default: public addresses)')
    .option('--start <time>', 'when it shall start, ISO 8601 (default: as soon as it is approved)')
    .option('--bytes-up <size>', 'the most bytes up over all connections, `1GiB` (default: no bound)')
    .option('--bytes-down <size>', 'the most bytes down over all connections')
    .option('--ticket <text>', 'the change or incident it belongs to')
    .option('--beneficiary <person>', 'the person it is for (default: who asks)')
    .option('--decision <id>', 'the denial that it answers, from its `Exeat-Decision` header');
}

/** The flags that every request has. */
export type RequiredSpec = SpecFlags & Required<Pick<SpecFlags, 'service' | 'to' | 'for' | 'owner' | 'reason'>>;

/** Reads the flags of a new request. Faults: a duration, size or time that is malformed. */
export function readSpec(flags: RequiredSpec): Result<RequestBody> {
  const { service, to, owner, reason } = flags;
  return changeSpec({ ...empty, service, to, owner, reason }, flags);
}

const empty: RequestBody = {
  service: '',
  identity: null,
  to: '',
  via: [],
  durationSeconds: 1,
  startAt: null,
  bytesUp: null,
  bytesDown: null,
  owner: '',
  beneficiary: null,
  reason: '',
  ticket: null,
  decision: null,
};

/** What is asked for after flags changed some of it. Faults: a duration, size or time that is malformed. */
export function changeSpec(before: RequestBody, flags: SpecFlags): Result<RequestBody> {
  const times = changeTimes(before, flags);
  if (!times.ok) return times;
  const caps = changeCaps(before, flags);
  if (!caps.ok) return caps;
  const texts = textKeys.flatMap((key) => (flags[key] === undefined ? [] : [[key, flags[key]] as const]));
  return ok({ ...before, ...(Object.fromEntries(texts) as Partial<RequestBody>), ...times.value, ...caps.value });
}

const textKeys = ['service', 'to', 'owner', 'reason', 'identity', 'via', 'ticket', 'decision', 'beneficiary'] as const;

function changeTimes(before: RequestBody, flags: SpecFlags): Result<Pick<RequestBody, 'durationSeconds' | 'startAt'>> {
  const duration = readOptional(flags.for, (text) => parseSeconds('--for', text));
  if (!duration.ok) return duration;
  const start = readOptional(flags.start, (text) => parseMoment('--start', text));
  if (!start.ok) return start;
  return ok({ durationSeconds: duration.value ?? before.durationSeconds, startAt: start.value ?? before.startAt });
}

function changeCaps(before: RequestBody, flags: SpecFlags): Result<Pick<RequestBody, 'bytesUp' | 'bytesDown'>> {
  const up = flags.bytesUp === undefined ? ok(before.bytesUp) : parseCap('--bytes-up', flags.bytesUp);
  if (!up.ok) return up;
  const down = flags.bytesDown === undefined ? ok(before.bytesDown) : parseCap('--bytes-down', flags.bytesDown);
  return down.ok ? ok({ bytesUp: up.value, bytesDown: down.value }) : down;
}

/** What was asked for in an exception, to be changed and sent again. */
export function specOf(one: ExceptionAnswer): RequestBody {
  const { service, identity, to, via, durationSeconds, startAt, bytesUp, bytesDown } = one;
  const { owner, beneficiary, reason, ticket, decision } = one;
  return {
    ...{ service, identity, to, via, durationSeconds, startAt, bytesUp, bytesDown },
    ...{ owner, beneficiary, reason, ticket, decision },
  };
}
