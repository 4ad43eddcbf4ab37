import type { FlowMapQuery } from '../../api/contract/index.ts';

/** The times that are offered, by their name in the address, with their length in milliseconds. */
export const ranges = {
  hour: { label: 'Hour', ms: 3_600_000 },
  day: { label: 'Day', ms: 86_400_000 },
  week: { label: 'Week', ms: 7 * 86_400_000 },
  month: { label: 'Month', ms: 30 * 86_400_000 },
} as const;

/** What is shown, as the address says; what is left out has its default. */
export interface FlowMapSearch {
  readonly range?: keyof typeof ranges;
  readonly measure?: FlowMapQuery['measure'];
  readonly from?: FlowMapQuery['from'];
  readonly to?: FlowMapQuery['to'];
  readonly service?: string;
  readonly unused?: 'no';
  /** Whether the draft of this window is tried on it. */
  readonly draft?: 'yes';
}

/** Reads the address; what makes no sense is left out. */
export function readFlowMapSearch(search: Readonly<Record<string, unknown>>): FlowMapSearch {
  const one = <T extends string>(name: string, of: readonly T[]): T | undefined =>
    of.find((each) => each === search[name]);
  const service = search['service'];
  const said = {
    range: one('range', ['hour', 'week', 'month']),
    measure: one('measure', ['bytes']),
    from: one('from', ['team', 'environment']),
    to: one('to', ['domain', 'class']),
    service: typeof service === 'string' && service !== '' ? service : undefined,
    unused: one('unused', ['no']),
    draft: one('draft', ['yes']),
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

/** What the API is asked for. */
export function queryOf({ range = 'day', draft: _, ...others }: FlowMapSearch, nowMs: number): Partial<FlowMapQuery> {
  return { ...others, since: new Date(nowMs - ranges[range].ms).toISOString() };
}
