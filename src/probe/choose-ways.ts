import { failed, fault, nearestWord, ok, quoteInput, type Result } from '../base/index.ts';
import { groups, type Way } from './way.ts';
import { ways } from './ways.ts';

/**
 * The ways that words name: ids, groups, or ids with `*` for any text (`tls,dns-*`); all without words. Fault: `way_unknown`, where a word
 * names none.
 */
export function chooseWays(words: readonly string[]): Result<readonly Way[]> {
  const chosen = new Set<Way>();
  for (const word of words) {
    const found = ways.filter((way) => way.group === word || isLike(way.id, word));
    if (found.length === 0) return failed(fault('way_unknown', `--only ${quoteInput(word)} names no way${hint(word)}`));
    for (const way of found) chosen.add(way);
  }
  return ok(words.length === 0 ? ways : ways.filter((way) => chosen.has(way)));
}

function isLike(id: string, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[^a-z0-9-]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(id);
}

function hint(word: string): string {
  const near = nearestWord(word, [...groups, ...ways.map(({ id }) => id)]);
  return near === null ? `, the groups are ${groups.join(', ')}` : `, did you mean \`${near}\``;
}
