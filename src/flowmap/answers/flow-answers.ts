import type { Coverage } from '../coverage.ts';
import type { AnswerParts } from './answer-parts.ts';
import { answerInternet, type InternetRow } from './internet-answer.ts';
import { createReach } from './reach.ts';
import { answerRegistries, type RegistryAnswer } from './registry-answer.ts';
import { answerResolution, type ResolutionAnswer } from './resolution-answer.ts';
import { answerSpecific, type SpecificRow } from './specific-answer.ts';

/** The questions that people ask before they write a policy, answered from the flow map, with what the answers rest on. */
export interface FlowAnswers {
  readonly internet: readonly InternetRow[];
  readonly specific: readonly SpecificRow[];
  readonly registries: RegistryAnswer;
  readonly resolution: ResolutionAnswer;
  readonly coverage: Coverage;
  readonly policyVersion: string | null;
  /** Why nothing was judged by a policy; null where it was. */
  readonly noPolicy: string | null;
}

/** Answers all questions. */
export function answerFlows(parts: AnswerParts): FlowAnswers {
  const reachOf = createReach(parts.nameAnswers);
  return {
    internet: answerInternet(parts, reachOf),
    specific: answerSpecific(parts, reachOf),
    registries: answerRegistries(parts, reachOf),
    resolution: answerResolution(parts),
    coverage: parts.map.coverage,
    policyVersion: parts.map.policyVersion,
    noPolicy: parts.map.noPolicy,
  };
}
