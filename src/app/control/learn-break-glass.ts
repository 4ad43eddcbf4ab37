import type { LearnedBreakGlass } from '../../exceptions/index.ts';
import type { DecisionRecord } from '../../policy/index.ts';
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
      if (record.kind !== 'break-glass') return;
      void desk.actOnException({
        id: record.grantId,
        command: { kind: 'learn', learned: toLearned(record) },
        actor: { kind: 'system', part: 'point' },
      });
    },
  };
}

function toLearned(record: Extract<DecisionRecord, { readonly kind: 'break-glass' }>): LearnedBreakGlass {
  const { document } = record;
  const fromMs = Date.parse(record.time);
  return {
    id: record.grantId,
    document,
    signers: record.people,
    fromMs,
    untilMs: document.notAfterMs,
    doubts: [],
  };
}
