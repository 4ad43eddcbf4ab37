/** What is listed: what waits for a decision, what is in force, everything. */
export type Shown = 'waiting' | 'in-force' | 'all';

/** Which exceptions are listed, as the address says. */
export interface ListSearch {
  /** `waiting` where it says nothing. */
  readonly show?: Shown;
  readonly service?: string;
}

/** What a request starts from, as the address says: the denial that it answers, or who and where to. */
export interface RequestSearch {
  readonly decision?: string;
  readonly service?: string;
  readonly to?: string;
}

/** Reads the address of the list; what it does not say is the usual. */
export function readListSearch(search: Readonly<Record<string, unknown>>): ListSearch {
  const { show } = search;
  return { ...(show === 'in-force' || show === 'all' ? { show } : {}), ...pick(search, ['service']) };
}

/** Reads the address of a request. */
export function readRequestSearch(search: Readonly<Record<string, unknown>>): RequestSearch {
  return pick(search, ['decision', 'service', 'to']);
}

function pick<K extends string>(
  search: Readonly<Record<string, unknown>>,
  names: readonly K[],
): { [Name in K]?: string } {
  const said = names.flatMap((name) => {
    const value = search[name];
    return typeof value === 'string' && value !== '' ? [[name, value] as const] : [];
  });
  return Object.fromEntries(said) as { [Name in K]?: string };
}
