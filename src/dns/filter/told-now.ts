import { bareMessage, type DnsMessage, dnsTypes, packAnswer, writeName } from '../../wire/index.ts';
import type { Outcome } from './outcome.ts';

/** A query that is answered with records. */
export type Told = Extract<Outcome, { kind: 'told' }>;

/** A message of ours as an answer that holds for so many seconds. */
export function toldNow(message: DnsMessage, seconds: number): Told {
  return {
    ...{ kind: 'told', packed: packAnswer(message), ageSeconds: 0, ttlCapSeconds: seconds, ede: null },
    isUnchanged: false,
  };
}

/** The way back from a reverse name to names. */
export function pointersTo(name: string, targets: readonly string[]): DnsMessage {
  const answers = targets.flatMap((target) => {
    const data = writeName(target);
    return data === null ? [] : [{ name, type: dnsTypes.ptr, class: 1, ttl: 60, data }];
  });
  return { ...bareMessage(name, dnsTypes.ptr), answers };
}
