import type { DraftMapAnswer, DraftSum } from '../../api/contract/index.ts';
import { sayBytes, sayCount } from '../ui/words.ts';
import type { FlowMapSearch } from './search.ts';

const since: Readonly<Record<NonNullable<FlowMapSearch['range']> | 'day', string>> = {
  hour: 'in the last hour',
  day: 'since yesterday',
  week: 'in the last week',
  month: 'in the last month',
};

type Outcomes = NonNullable<DraftMapAnswer['outcomes']>;

/** What a draft changes, in words: `3 edges of 2 services would be denied: 1,204 connections, 3.4 MiB since yesterday.` */
export function sayChange({ newly_denied, newly_allowed }: Outcomes, { range = 'day' }: FlowMapSearch): string {
  const denied =
    newly_denied.edges === 0
      ? 'Nothing that goes out would be denied'
      : `${sayEdges(newly_denied)} would be denied: ${sayAmount(newly_denied)} ${since[range]}`;
  const allowed =
    newly_allowed.edges === 0
      ? 'Nothing that is denied would be let out'
      : `${sayEdges(newly_allowed)} would be let out: ${sayCount(newly_allowed.connections, 'connection')} ${since[range]}`;
  return `${denied}. ${allowed}.`;
}

/** What stays as it is, and what is not known, in words. */
export function sayRest({ still_allowed, still_denied, not_judged }: Outcomes): string {
  const stays = `${sayCount(still_allowed.edges, 'edge')} still allowed, ${still_denied.edges.toLocaleString('en')} still denied`;
  if (not_judged.edges === 0) return `${stays}; every edge was judged.`;
  return `${stays}; ${not_judged.edges.toLocaleString('en')} not judged, ${sayCount(not_judged.connections, 'connection')}.`;
}

function sayEdges({ edges, services }: DraftSum): string {
  return `${sayCount(edges, 'edge')} of ${sayCount(services, 'service')}`;
}

function sayAmount({ connections, bytes }: DraftSum): string {
  return `${sayCount(connections, 'connection')}, ${sayBytes(bytes)}`;
}
