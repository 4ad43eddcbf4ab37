import type { LearnedBreakGlass } from '../../exceptions/index.ts';
import type { BreakGlassRecord, DecisionRecord } from '../../policy/index.ts';
import { readBreakGlassDocument } from '../point/break-glass.ts';
import type { ActDesk } from './desk/act-desk.ts';

/** Takes down what the point opened by offline break-glass while control was away. */
export interface Learning {
  /** Looks at every record; each break-glass is taken down once, however often its record is read. */
  take(record: DecisionRecord): void;
}

/** Starts to learn. */
export function startLearning(desk: ActDesk): Learning {
  return {
    take: (record) => {
      const learned = record.kind === 'break-glass' ? toLearned(record) : null;
      if (learned === null) return;
      const command = { kind: 'learn', learned } as const;
      void desk.actOnException({ id: learned.id, command, actor: { kind: 'system', part: 'point' } });
    },
  };
}

function toLearned(record: BreakGlassRecord): LearnedBreakGlass | null {
  const fromMs = Date.parse(record.time);
  const document = readBreakGlassDocument(record.document);
  if (!document.ok || Number.isNaN(fromMs)) return null;
  const { point, nonce, service, to, reason, durationMs, bytesUp } = document.value;
  const untilMs = fromMs + durationMs;
  return {
    id: record.grantId,
    document: {
      ...{ point, nonce, service, to, reason, bytesUp },
      identity: null,
      via: [],
      owner: '',
      notAfterMs: untilMs,
    },
    signers: record.people,
    fromMs,
    untilMs,
    doubts: [],
  };
}
