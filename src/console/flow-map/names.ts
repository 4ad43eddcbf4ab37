import type { FlowPath, FlowRule, FlowSum, FlowVerdict } from '../../api/contract/index.ts';
import type { Tone } from '../ui/tag.tsx';
import { sayBytes, sayCount } from '../ui/words.ts';
import type { FlowMapSearch } from './search.ts';

/** How verdicts are named, and which mark they carry. */
export const verdictNames: Readonly<Record<FlowVerdict, { readonly name: string; readonly tone: Tone }>> = {
  allow: { name: 'allowed by a rule', tone: 'good' },
  exception: { name: 'allowed by an exception', tone: 'plain' },
  'would-deny': { name: 'enforce would deny', tone: 'watch' },
  deny: { name: 'denied', tone: 'bad' },
};

/** What the four columns show. */
export function columnNames({ from = 'identity', to = 'destination' }: FlowMapSearch): readonly string[] {
  const sources = { identity: 'Identity', team: 'Team', environment: 'Environment' };
  const targets = { destination: 'Destination', domain: 'Registrable domain', class: 'Class of destination' };
  return [sources[from], 'Service', 'Point', targets[to]];
}

// What fits beside the bars of each column.
const mostChars = [24, 26, 22, 34] as const;

/** A name as the picture has room for it: its end, which says whose host or identity it is. The whole name is told beside it. */
export function shorten(label: string, layer: number): string {
  const most = mostChars[layer] ?? mostChars[3];
  const chars = [...label];
  return chars.length <= most ? label : `…${chars.slice(1 - most).join('')}`;
}

/** Traffic in words: `12 connections, 3.4 MiB out, 1.2 GiB in`. */
export function saySum({ connections, bytesUp, bytesDown }: FlowSum): string {
  return `${sayCount(connections, 'connection')}, ${sayBytes(bytesUp)} out, ${sayBytes(bytesDown)} in`;
}

/** Where the decisions of a path are looked at. */
export function decisionsOf({ service, host, point, verdict, grantIds }: FlowPath): Readonly<Record<string, string>> {
  const points: readonly string[] = ['proxy', 'gateway', 'dns'];
  const [grant] = grantIds;
  return {
    verdict: verdict === 'exception' ? 'allow' : verdict,
    // What stands in parentheses is ours, and no name of a service.
    ...(service.startsWith('(') ? {} : { service }),
    ...(host === null ? {} : { host }),
    ...(points.includes(point) ? { point } : {}),
    ...(grant !== undefined && grantIds.length === 1 ? { grant } : {}),
  };
}

/** The entries that a path names, as far as the policy in force has them. */
export function rulesOfPath({ ruleIds }: FlowPath, rules: ReadonlyMap<string, FlowRule>): readonly FlowRule[] {
  return ruleIds.flatMap((id) => rules.get(id) ?? []);
}
