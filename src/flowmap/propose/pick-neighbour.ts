import { registrableDomain } from '../../destination/index.ts';
import type { ProposedEntry } from './proposal.ts';

/** Somewhere that no rule can mean: for services without a name that has a free neighbour. */
const nowhere = 'unseen-neighbour.example';

/**
 * Picks a destination that was never seen, next to one that was, for the test that denies it: `unseen-neighbour.example.com:443`.
 * `isNamed` says whether a rule, an entry or the boundary of the present policy covers a name.
 */
export function pickNeighbour(entries: readonly ProposedEntry[], isNamed: (name: string) => boolean): string {
  const wildcards = entries.flatMap(({ to }) => /^(?:[a-z]+:\/\/)?\*\.(.+):\d+$/.exec(to)?.[1] ?? []);
  const hosts = entries.flatMap(
    ({ to }) => /^(?:[a-z]+:\/\/)?([a-z0-9_][a-z0-9._-]*\.[a-z][a-z0-9-]*):\d+$/.exec(to)?.[1] ?? [],
  );
  const neighbours = hosts.flatMap((host) => {
    const domain = registrableDomain(host);
    return domain === null ? [] : [`unseen-neighbour.${domain}`];
  });
  const free = [...neighbours, nowhere].find(
    (name) => !hosts.includes(name) && !isNamed(name) && !wildcards.some((suffix) => name.endsWith(`.${suffix}`)),
  );
  return `${free ?? nowhere}:443`;
}
