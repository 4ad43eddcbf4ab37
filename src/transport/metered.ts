import type { LiveLink, TransportOptions } from './transport.ts';

// A flow moves from one grant to the next that justifies it; so many spent ones in a row are a mistake.
const mostMoves = 16;

/**
 * Whether bytes that are about to pass may, counted against what justifies the flow. False: the link was cut, and none of them may.
 * INVARIANT: over all connections of a capped grant no more than its cap passes.
 */
export function passMetered(
  link: LiveLink,
  direction: 'up' | 'down',
  bytes: number,
  options: Pick<TransportOptions, 'outOfBudget'>,
): boolean {
  let left = bytes;
  for (let moves = 0; moves < mostMoves; moves++) {
    const meter = link.flow?.meter ?? null;
    if (meter === null) return link.flow !== null;
    left -= meter.take(direction, left);
    if (left === 0) return true;
    if (!options.outOfBudget(link, meter)) return false;
  }
  link.cut('budget_spent');
  return false;
}
