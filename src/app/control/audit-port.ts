import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditState, AuditVerifying } from '../../api/contract/index.ts';
import type { ApiPorts } from '../../api/index.ts';
import { failed, fault, type NewId } from '../../base/index.ts';
import { createOwnVerification, type OwnVerification } from '../audit/verify-own-log.ts';
import type { StatePaths } from '../state-folder.ts';
import type { ControlActs } from './assemble-acts.ts';
import { takeEvidence } from './take-evidence.ts';
import { createTurns } from './turns.ts';

/** What the API tells of the log of acts. */
export interface AuditPortOptions {
  readonly acts: ControlActs;
  readonly paths: Pick<StatePaths, 'audit' | 'auditTemporary'>;
  readonly newId: NewId;
}

// Less than a browser or a proxy waits; a log that takes longer is told by the state.
const answerMs = 10_000;
// A pack takes up to a hundred MiB while it is made.
const mostWaiting = 4;

/** Makes what the API needs of the log of acts: how it stands, verifying it, its checkpoints, evidence of a span. */
export function createAuditPort({ acts, paths, newId }: AuditPortOptions): ApiPorts['audit'] {
  const { audit, clock, desk } = acts;
  const own = createOwnVerification({ dir: paths.audit, newest: () => audit.published()[0]?.note ?? null, clock });
  const inTurn = createTurns(1, mostWaiting);
  const evidence = { clock, newId, desk, writeLog: audit.write };
  const folders = { logFolder: paths.audit, temporaryFolder: paths.auditTemporary };
  return {
    state: () => tellState(acts, own),
    verify: async () => {
      await Promise.race([own.verify(), sleep(answerMs, undefined, { ref: false })]);
      return tellVerifying(own);
    },
    checkpoints: () => audit.published().map(({ atMs, ...one }) => ({ at: new Date(atMs).toISOString(), ...one })),
    takeEvidence: async (span, actor) => {
      if (inTurn.isFull())
        return failed(fault('unavailable', 'evidence is made for others now, try again in a minute'));
      return inTurn(() => takeEvidence({ ...evidence, ...folders }, { span, actor }));
    },
  };
}

async function tellState(
  { audit, ledger, desk, pendingCount }: ControlActs,
  own: OwnVerification,
): Promise<AuditState> {
  const status = audit.status();
  return {
    size: await ledger.size(),
    checkpoint: status.note,
    publicKey: status.publicKey,
    isWritable: desk.problem() === null && status.lastError === null,
    pendingActs: pendingCount(),
    anchors: status.anchors.map(({ name, lastSuccessAtMs, lastError }) => ({
      anchor: name,
      lastAt: lastSuccessAtMs === null ? null : new Date(lastSuccessAtMs).toISOString(),
      problem: lastError,
    })),
    ...tellVerifying(own),
  };
}

function tellVerifying(own: OwnVerification): AuditVerifying {
  const { verdict, isRunning } = own.status();
  if (verdict === null) return { isVerifying: isRunning, verification: null };
  const { atMs, ...found } = verdict;
  return { isVerifying: isRunning, verification: { at: new Date(atMs).toISOString(), ...found } };
}
