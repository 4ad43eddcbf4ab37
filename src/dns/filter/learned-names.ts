import type { Clock } from '../../base/index.ts';
import type { IpAddress } from '../../destination/index.ts';

/** Which names a service was told for which addresses, so that it can be told the way back (PTR) without asking anybody. */
export interface LearnedNames {
  learn(service: string, name: string, addresses: readonly IpAddress[], ttlSeconds: number): void;
  /** Names of the address that a reverse name (`7.113.0.203.in-addr.arpa`) stands for, at most eight; empty where none was told. */
  namesOf(service: string, reverseName: string): readonly string[];
}

const mostLearned = 50_000;
const mostNames = 8;
/** Tools look addresses up some while after they were used. */
const leastMs = 3_600_000;

/** Makes an empty memory; past its bound the oldest goes. */
export function createLearnedNames(clock: Clock): LearnedNames {
  const learned = new Map<string, Map<string, number>>();
  return {
    learn: (service, name, addresses, ttlSeconds) => {
      const untilMs = clock.now() + Math.max(leastMs, ttlSeconds * 1_000);
      for (const address of addresses) {
        const key = `${service} ${reverseOf(address)}`;
        const names = learned.get(key) ?? new Map<string, number>();
        names.delete(name);
        names.set(name, untilMs);
        if (names.size > mostNames) names.delete(names.keys().next().value ?? '');
        learned.delete(key);
        learned.set(key, names);
        if (learned.size > mostLearned) learned.delete(learned.keys().next().value ?? '');
      }
    },
    namesOf: (service, reverseName) => {
      const nowMs = clock.now();
      const names = learned.get(`${service} ${reverseName}`) ?? new Map<string, number>();
      return [...names].filter(([, untilMs]) => nowMs < untilMs).map(([name]) => name);
    },
  };
}

/** The reverse name of an address (RFC 1035 section 3.5, RFC 3596 section 2.5). */
export function reverseOf({ family, words }: IpAddress): string {
  if (family === 4) {
    const word = words[0] ?? 0;
    return `${[word, word >>> 8, word >>> 16, word >>> 24].map((byte) => byte & 255).join('.')}.in-addr.arpa`;
  }
  const digits = words.map((word) => word.toString(16).padStart(8, '0')).join('');
  return `${[...digits].reverse().join('.')}.ip6.arpa`;
}
