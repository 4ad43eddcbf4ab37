import type { DecisionFilter } from '../../api/contract/index.ts';

/** Which decisions are shown, and which one is explained, as the address says. */
export interface DecisionSearch extends DecisionFilter {
  readonly id?: string;
  /** RFC 3339. */
  readonly since?: string;
  readonly until?: string;
}

const verdicts = ['allow', 'deny', 'would-deny'] as const;
const points = ['proxy', 'gateway', 'dns'] as const;

/** Reads the address; what makes no sense is left out. */
export function readDecisionSearch(search: Readonly<Record<string, unknown>>): DecisionSearch {
  const text = (name: string): string | undefined => {
    const value = search[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const one = <T extends string>(name: string, of: readonly T[]): T | undefined =>
    of.find((each) => each === search[name]);
  const instant = (name: string): string | undefined => {
    const value = text(name);
    return value === undefined || Number.isNaN(Date.parse(value)) ? undefined : value;
  };
  const said = {
    verdict: one('verdict', verdicts),
    point: one('point', points),
    ...{ service: text('service'), host: text('host'), reason: text('reason'), grant: text('grant'), id: text('id') },
    ...{ source: text('source'), identity: text('identity'), since: instant('since'), until: instant('until') },
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

/** What an address asks for, without what it explains. */
export function askedOf({ id: _, ...asked }: DecisionSearch): Omit<DecisionSearch, 'id'> {
  return asked;
}

/** The filter of an address without its times: what comes now is followed by it. */
export function filterOf({ id: _, since: __, until: ___, ...filter }: DecisionSearch): DecisionFilter {
  return filter;
}
