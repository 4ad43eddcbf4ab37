import type { Actor } from '../../audit/index.ts';
import type { Result } from '../../base/index.ts';
import type {
  AuditEvidenceAnswer,
  AuditSpan,
  AuditState,
  AuditVerifying,
  CheckpointAnswer,
} from '../contract/index.ts';

/** The log of acts as what can be checked. */
export interface AuditPort {
  state(): Promise<AuditState>;
  /** Verifies the files of the log, or joins who does; says how that stands after a while at the latest. */
  verify(): Promise<AuditVerifying>;
  /** The newest first. */
  checkpoints(): readonly CheckpointAnswer[];
  /** Evidence of a span, which is an act of who takes it. Faults: `span_empty`, `evidence_too_large`, `audit_unreadable`, `unavailable`. */
  takeEvidence(span: AuditSpan, actor: Actor): Promise<Result<AuditEvidenceAnswer>>;
}
