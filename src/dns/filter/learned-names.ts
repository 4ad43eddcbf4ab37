import type { Clock } from '../../base/index.ts';
import type { IpAddress } from '../../destination/index.ts';

/** Which names a service was told for which addresses, so that it can be told the way back (PTR) without asking anybody. */
export interface LearnedNames {
  /** Told at an instant (epoch milliseconds). */
  learn(
    told: { readonly service: string; readonly name: string; readonly ttlSeconds: number },
    addresses: readonly IpAddress[],
    nowMs: number,
  ): void;
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
    learn: ({ service, name, ttlSeconds }, addresses, nowMs) => {
      const untilMs = nowMs + Math.max(leastMs, ttlSeconds * 1_000);
      for (const address of addresses) {
        const key = `${service} ${reverseOf(address)}`;
        const names = withName(learned.get(key), name, untilMs);
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

// The name comes to the end; past the bound the first goes.
function withName(names: Map<string, number> | undefined, name: string, untilMs: number): Map<string, number> {
  const all = names ?? new Map<string, number>();
  all.delete(name);
  all.set(name, untilMs);
  if (all.size > mostNames) all.delete(all.keys().next().value ?? '');
  return all;
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
