import { type ExceptionFault, refuse } from '../fault.ts';
import { type LinkedPeople, linkPeople } from '../people/linked-people.ts';
import type { ExceptionSpec } from '../spec/exception-spec.ts';
import { scopeDomainOf } from '../spec/scope-domain.ts';
import type { ExceptionState } from './exception-state.ts';
import { endOf } from './status.ts';
import type { World } from './world.ts';

/** Over how long exceptions count together. */
export const capWindowMs: number = 90 * 86_400_000;

/** From when (included) to when (excluded) something stands open, in epoch milliseconds. */
export interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Whose exceptions count together: one owner's, or those of people who are linked, to one domain. */
export interface CapGroup {
  readonly domain: string;
  readonly owner: string;
  readonly people: readonly string[];
}

/** The group that a request counts in. */
export function capGroupOf(spec: Pick<ExceptionSpec, 'to' | 'owner' | 'beneficiary'>, requester: string): CapGroup {
  return { domain: scopeDomainOf(spec.to), owner: spec.owner, people: [requester, spec.beneficiary] };
}

/** When a grant stood or will stand open; null where nothing was granted, or it was ended before its start. */
export function openSpanOf(state: ExceptionState): Span | null {
  const untilMs = endOf(state);
  if (state.grant === null || untilMs === null || untilMs <= state.grant.notBeforeMs) return null;
  return { fromMs: state.grant.notBeforeMs, untilMs };
}

/** What a tier lets a group have within 90 days. */
export interface Caps {
  readonly cumulativeMs: number;
  readonly repeats: number | null;
}

/**
 * Why one more span would be too much for its group, or null. INVARIANT: splitting does not launder: another name for the owner, a linked
 * person, a neighbouring host or an extension count in the same group; hours that overlap count once.
 * Faults: `cumulative_over_cap`, `repeats_over_cap`.
 */
export function findOverCap(
  span: Span,
  group: CapGroup,
  caps: Caps,
  world: Pick<World, 'related' | 'directory' | 'nowMs'> & { readonly id: string },
): ExceptionFault | null {
  const since = span.untilMs - capWindowMs;
  const links = linkPeople(world.directory, world.nowMs);
  const spans = world.related
    .filter((other) => other.id !== world.id && countsIn(other, group, links))
    .map(openSpanOf)
    .filter((each): each is Span => each !== null && each.untilMs > since);
  if (caps.repeats !== null && spans.length >= caps.repeats) {
    const message = `there were ${spans.length} exceptions to \`${group.domain}\` within 90 days: make it a rule`;
    return refuse('repeats_over_cap', message).fault;
  }
  const openMs = openTimeOf([...spans, span], { fromMs: since, untilMs: span.untilMs });
  if (openMs <= caps.cumulativeMs) return null;
  const days = (ms: number): string => (ms / 86_400_000).toFixed(1);
  const message = `\`${group.domain}\` would be open ${days(openMs)} of 90 days, at most ${days(caps.cumulativeMs)}: make it a rule`;
  return refuse('cumulative_over_cap', message).fault;
}

/** How long something stands open in a window: what overlaps counts once. In milliseconds. */
export function openTimeOf(spans: readonly Span[], window: Span): number {
  let openMs = 0;
  let reachedMs = window.fromMs;
  for (const { fromMs, untilMs } of spans.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const end = Math.min(untilMs, window.untilMs);
    const start = Math.max(fromMs, reachedMs);
    if (end <= start) continue;
    openMs += end - start;
    reachedMs = end;
  }
  return openMs;
}

function countsIn(other: ExceptionState, group: CapGroup, links: LinkedPeople): boolean {
  const { domain, owner, people } = capGroupOf(other.spec, other.requester);
  if (domain !== group.domain) return false;
  return owner === group.owner || people.some((a) => group.people.some((b) => links.areLinked(a, b)));
}
