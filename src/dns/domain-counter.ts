import { registrableDomain } from '../destination/index.ts';

/** Counts the names being asked for below each registrable domain, against one limit for each. */
export interface DomainCounter {
  /** Takes a place; false when the domain has none left. Each true is followed by one `leave`. */
  enter(name: string): boolean;
  leave(name: string): void;
}

/**
 * Makes a counter. Whoever may reach `*.example.com` can ask for ever new names below it, and its servers can be slow on purpose:
 * the limit keeps that from taking every place of the resolver.
 */
export function createDomainCounter(mostPerDomain: number): DomainCounter {
  const open = new Map<string, number>();
  const keyOf = (name: string): string => registrableDomain(name) ?? name;
  return {
    enter: (name) => {
      const key = keyOf(name);
      const count = open.get(key) ?? 0;
      if (count >= mostPerDomain) return false;
      open.set(key, count + 1);
      return true;
    },
    leave: (name) => {
      const key = keyOf(name);
      const count = open.get(key) ?? 0;
      if (count > 1) open.set(key, count - 1);
      else open.delete(key);
    },
  };
}
