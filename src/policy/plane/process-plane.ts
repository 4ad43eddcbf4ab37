import {
  identify,
  type LocalName,
  type LocalProcess,
  localEvidence,
  type Principal,
  parseLocalName,
} from '../../identity/index.ts';
import type { CompiledPolicy } from '../compiled-policy.ts';
import { readText } from '../format/flat-view.ts';
import { termKind, termWord } from '../format/layout.ts';
import { OpenedPolicy } from '../open-policy.ts';
import { createClassKeys, type SourceQuestion } from './source-plane.ts';

/** The address that processes of the host itself ask from, wherever they are judged. */
export const processSource = '127.0.0.1';

/** The service of a process. `key` is as in `SourceRun`, and tells identities of one service apart too. */
export interface ProcessClass {
  readonly service: string;
  readonly principal: Principal;
  readonly key: string;
}

/** Every local name that an identity of the policy has, each once. What is in no identity tells no process from another. */
export function listLocalNames(policy: CompiledPolicy): readonly LocalName[] {
  if (!(policy instanceof OpenedPolicy)) return [];
  const { words, terms } = policy.view;
  const names = new Map<string, LocalName>();
  for (let at = terms.at; at < terms.at + terms.length; at += 10) {
    if (words[at + termWord.kind] !== termKind.local) continue;
    const name = parseLocalName(readText(policy.view, words[at + termWord.text] as number));
    if (name.ok) names.set(name.value.text, name.value);
  }
  return [...names.values()];
}

/** The service of each process, asked of the one evaluator; null for one of nobody or of two. */
export function processPlane(
  policy: CompiledPolicy,
  processes: readonly LocalProcess[],
  question: SourceQuestion,
): readonly (ProcessClass | null)[] {
  if (!(policy instanceof OpenedPolicy)) return processes.map(() => null);
  const keyOf = createClassKeys(policy, question);
  return processes.map((process) => {
    const found = identify(policy, { source: processSource, presented: [localEvidence(process)] }, question.now);
    if (found.kind !== 'identified') return null;
    const { principal } = found;
    const key = JSON.stringify(['local', principal.identity, principal.alsoProven ?? [], keyOf(principal)]);
    return { service: principal.service, principal, key };
  });
}
