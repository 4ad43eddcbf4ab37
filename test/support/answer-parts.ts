import type { AnswerParts, AnswerView, DeclaredEndpoint } from '../../src/flowmap/index.ts';
import {
  createCoverage,
  drawFlowMap,
  type Edge,
  type NameAnswers,
  type ServiceFacts,
} from '../../src/flowmap/index.ts';
import type { CompiledPolicy } from '../../src/policy/index.ts';

/** Midnight of the first day of what the tests of answers see, 2026-11-01, in epoch milliseconds. */
export const firstDayMs: number = Date.UTC(2026, 10, 1);
const dayMs = 86_400_000;
const allDays = 14;

/** An edge by its ends, `payments-api -> bank.example.com:443`, seen once a day for 14 days; addresses are no names. */
export function edgeOf(text: string, extra: Partial<Edge> = {}): Edge {
  const [principal = '', to = ''] = text.split(' -> ');
  const at = to.lastIndexOf(':');
  const destination = to.slice(0, at).replace(/^\[|\]$/g, '');
  const isName = !/^[0-9.]+$|:/.test(destination);
  return {
    ...{ principal, destination, isName, port: Number(to.slice(at + 1)), protocol: 6, application: 'tls' },
    ...{
      how: ['inventory'],
      rank: isName ? 'record' : 'address',
      candidates: [],
      clients: ['10.20.0.7'],
      addresses: [],
    },
    ...{ provider: null, connections: allDays, bytesUp: 1000, bytesDown: 2000, denied: 0 },
    ...{ firstMs: firstDayMs, lastMs: firstDayMs + (allDays - 1) * dayMs, days: allDays, weekdays: 127, hours: 1 },
    ...{ activeHours: allDays, formats: ['squid'], sources: ['s1'], initiator: 'stated', isSampled: false },
    ...extra,
  };
}

/** What answers are to be worked out from in a test. */
export interface AnswerPartsOptions {
  /** Default: none. */
  readonly declared?: readonly DeclaredEndpoint[];
  /** Default: none, nothing is judged. */
  readonly policy?: CompiledPolicy;
  /** Default: nothing is known of any service. */
  readonly facts?: Readonly<Record<string, Partial<ServiceFacts>>>;
  /** Default: none. */
  readonly nameAnswers?: readonly NameAnswers[];
  /** Default: none. */
  readonly views?: readonly AnswerView[];
  /** Default: none. */
  readonly knownResolvers?: readonly string[];
  /** Days on which every service was seen. Default: 14. */
  readonly daysSeen?: number;
}

/** Parts of answers from edges. */
export function answerPartsOf(edges: readonly Edge[], options: AnswerPartsOptions = {}): AnswerParts {
  const { policy, declared = [], facts = {}, knownResolvers = [], daysSeen = allDays } = options;
  const map = drawFlowMap(
    {
      ...{ edges, declared, policy: policy ?? null, noPolicy: policy === undefined ? 'no policy in this test' : null },
      coverage: createCoverage([], { edges, shares: [], leftOut: [] }),
      localOrigins: [],
      ownerOf: () => null,
      nowMs: firstDayMs + 20 * dayMs,
    },
    { service: null, newSinceMs: null, class: null },
  );
  const days = Array.from({ length: daysSeen }, (_, day) => firstDayMs / dayMs + day);
  return {
    map,
    seenDays: [...new Set(edges.map(({ principal }) => principal))].map((principal) => ({ principal, days })),
    nameAnswers: options.nameAnswers ?? [],
    views: options.views ?? [],
    factsOf: (principal) => ({ kind: null, environment: null, isInPolicy: false, ...facts[principal] }),
    isKnownResolver: (address) => knownResolvers.includes(address),
  };
}
