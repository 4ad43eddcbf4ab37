import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { type Clock, type Fault, failed, fault, type NewId, ok, type Result } from '../../base/index.ts';
import type { RecordSink } from '../../enforcement/index.ts';
import { type Grant, type GrantList, readGrant } from '../../policy/index.ts';
import type { Logger } from '../logger.ts';
import { type CheckedBreakGlass, checkBreakGlass, createNonces, type SignedBreakGlass } from './break-glass.ts';

/** Where an offline break-glass is asked for and taken. */
export interface BreakGlassDesk {
  /** What must be signed along: which point, and a nonce for one use within 10 minutes. `now` is epoch milliseconds. */
  challenge(): { readonly pointId: string; readonly nonce: string; readonly now: number };
  /**
   * Takes a signed document and gives the grant that it makes. Faults: those of `checkBreakGlass`, `break_glass_used` (the nonce),
   * `break_glass_unrecorded` (an act that cannot be written down does not happen).
   */
  apply(signed: SignedBreakGlass, signers: GrantList['offline'] | null): Result<Grant, Fault>;
}

/** What the desk is made of. `idPath` holds the id of the point, `keptPath` the grants that were taken. */
export interface BreakGlassParts {
  readonly idPath: string;
  readonly keptPath: string;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly records: RecordSink;
  readonly logger: Logger;
}

/** Opens the desk; makes the id of the point when it has none. */
export function openBreakGlassDesk(parts: BreakGlassParts): BreakGlassDesk {
  const pointId = readPointId(parts.idPath);
  const nonces = createNonces();
  return {
    challenge: () => {
      const now = parts.clock.now();
      return { pointId, nonce: nonces.issue(now), now };
    },
    apply: (signed, signers) => {
      const checked = checkBreakGlass(signed, pointId, signers);
      if (!checked.ok) return checked;
      if (!nonces.use(checked.value.document.nonce, parts.clock.now())) {
        const says =
          'its nonce was not given by this point, is older than 10 minutes or was used: sign a new challenge';
        return failed(fault('break_glass_used', says));
      }
      return take(parts, signed, checked.value);
    },
  };
}

/** The grants that were taken before and have not ended; lines that cannot be read are none. */
export function readTakenGrants(keptPath: string, nowMs: number): readonly Grant[] {
  let text = '';
  try {
    text = readFileSync(keptPath, 'utf8');
  } catch {
    // None was ever taken, or what was cannot be read: then nothing is open by it.
  }
  return text.split('\n').flatMap((line) => {
    const grant = lineGrant(line);
    return grant !== null && grant.notAfter > nowMs ? [grant] : [];
  });
}

function take(parts: BreakGlassParts, signed: SignedBreakGlass, checked: CheckedBreakGlass): Result<Grant, Fault> {
  const now = parts.clock.now();
  const grant = grantOf(checked, parts.newId(now), now);
  const isKept = keep(parts, signed, { grant, people: checked.people, now });
  if (!isKept.ok) return isKept;
  const { service, to, reason } = checked.document;
  const facts = {
    grantId: grant.id,
    people: checked.people,
    service,
    to,
    reason,
    until: new Date(grant.notAfter).toISOString(),
  };
  parts.logger.error('BREAK-GLASS: a destination was opened without control', facts);
  return ok(grant);
}

/** Both or neither: what is written down opens, also after a restart, and what opens is recorded. */
function keep(
  { keptPath, newId, records }: BreakGlassParts,
  signed: SignedBreakGlass,
  taken: { readonly grant: Grant; readonly people: readonly string[]; readonly now: number },
): Result<null, Fault> {
  const { grant, people, now } = taken;
  const unrecorded = (why: string): Result<never, Fault> =>
    failed(fault('break_glass_unrecorded', `nothing was opened, since it cannot be recorded (${why}): free the disk`));
  if (!records.isKeeping) return unrecorded('decision records are not kept');
  const before = existsSync(keptPath) ? statSync(keptPath).size : 0;
  try {
    appendFileSync(keptPath, `${JSON.stringify({ grant, ...signed, people })}\n`, { mode: 0o600, flush: true });
  } catch (error) {
    return unrecorded((error as NodeJS.ErrnoException).code ?? 'unknown');
  }
  const id = newId(now);
  const time = new Date(now).toISOString();
  const isRecorded = records.write({ kind: 'break-glass', id, flow: id, time, grantId: grant.id, ...signed, people });
  if (isRecorded) return ok(null);
  truncateSync(keptPath, before);
  return unrecorded('decision records are not kept');
}

function grantOf({ document }: CheckedBreakGlass, id: string, now: number): Grant {
  return {
    id,
    kind: 'break-glass',
    relaxes: 'reach',
    service: document.service,
    identity: null,
    to: document.to,
    via: [],
    strength: null,
    notBefore: now,
    notAfter: now + document.durationMs,
    drainMs: 0,
    bytesUp: document.bytesUp,
    bytesDown: null,
  };
}

function lineGrant(line: string): Grant | null {
  try {
    return readGrant((JSON.parse(line) as { readonly grant?: unknown }).grant);
  } catch {
    return null;
  }
}

function readPointId(path: string): string {
  try {
    const id = readFileSync(path, 'utf8').trim();
    if (/^[0-9a-f]{32}$/.test(id)) return id;
  } catch {
    // The first start; made below.
  }
  const id = randomBytes(16).toString('hex');
  writeFileSync(path, `${id}\n`, { mode: 0o600 });
  return id;
}
