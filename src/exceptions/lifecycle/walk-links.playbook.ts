import type { Entry } from '../../audit/index.ts';
import { dayMs } from '../town.playbook.ts';

/** The links as the log tells of them, found by walking: a second implementation, which shares nothing with `linkPeople`. */
export function areLinked(log: readonly Entry[], nowMs: number, a: string, b: string): boolean {
  const pairs = log.flatMap((entry) => pairOf(entry, log, nowMs));
  const neighbours = (at: string): readonly string[] =>
    pairs.flatMap(([left, right]) => (left === at ? [right] : right === at ? [left] : []));
  const reached = new Set([a]);
  for (const at of reached) for (const next of neighbours(at)) reached.add(next);
  return reached.has(b);
}

function pairOf(
  { action, actor, details, subject, time }: Entry,
  log: readonly Entry[],
  nowMs: number,
): readonly (readonly [string, string])[] {
  const id = subject.split('/')[1] ?? '';
  if (action === 'person.linked') return [[id, String(details['other'])]];
  if (actor.kind !== 'person' || nowMs - Date.parse(time) >= 30 * dayMs) return [];
  if (action === 'person.created' || action === 'person.enabled') return [[id, actor.id]];
  if (action === 'token.created' || action === 'key.enrolled') return [[String(details['person']), actor.id]];
  if (action !== 'token.reset') return [];
  const made = log.find((entry) => entry.subject === subject && entry.action === 'token.created');
  return [[String(made?.details['person']), actor.id]];
}
