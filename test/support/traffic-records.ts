import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CloseRecord, DecisionRecord, VerdictRecord } from '../../src/policy/index.ts';
import { verdictRecord } from './verdict-record.ts';

/** One connection as records tell it; a test says what is different. */
export interface SeededFlow {
  readonly service: string;
  readonly host: string;
  readonly bytesDown?: number;
  readonly change?: Partial<VerdictRecord>;
}

const ulidDigits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The records of flows, one after the other, in the seconds before `endMs`. */
export function recordsOf(flows: readonly SeededFlow[], endMs: number): readonly DecisionRecord[] {
  return flows.flatMap(({ service, host, bytesDown = 0, change = {} }, at): readonly DecisionRecord[] => {
    const time = new Date(endMs - (flows.length - at) * 10).toISOString();
    const identity = { service, identity: `credential:${service}`, strength: 'shared-secret' } as const;
    const destination = { host, port: 443, protocol: 'tls', address: null, class: 'ordinary' } as const;
    const verdict = verdictRecord({
      id: idOf(at, 'A'),
      flow: idOf(at, 'F'),
      time,
      principal: identity,
      destination,
      ...change,
    });
    // A question of the DNS filter carries no bytes.
    if (verdict.verdict === 'deny' || verdict.point === 'dns') return [verdict];
    const share = { source: verdict.source, service, destination, bytesUp: 100, bytesDown, durationMs: 5 };
    const close: CloseRecord = {
      ...{ kind: 'close', id: idOf(at, 'C'), flow: verdict.flow, time, bytesUp: 100, bytesDown, durationMs: 5 },
      ...{ endedBy: 'client', failure: null, share },
      ...(verdict.grantId === null ? {} : { grantId: verdict.grantId }),
    };
    return [verdict, close];
  });
}

function idOf(at: number, last: string): string {
  const digits = [at >> 10, (at >> 5) & 31, at & 31].map((digit) => ulidDigits[digit & 31]);
  return `01KAR6F1R80000000000000${digits.join('')}`.slice(0, 25) + last;
}

/** Lays records into the spool of a state folder, as a point wrote them before this start. */
export function seedSpool(state: string, records: readonly DecisionRecord[], beganAtMs: number): void {
  const folder = join(state, 'spool');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const name = `decisions-${String(beganAtMs).padStart(14, '0')}-000000.ndjson`;
  writeFileSync(join(folder, name), records.map((record) => `${JSON.stringify(record)}\n`).join(''), { mode: 0o600 });
}
