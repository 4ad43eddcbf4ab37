/** What is asked of the time machine, as the address says. Instants are RFC 3339. */
export interface OpenSearch {
  readonly service?: string;
  readonly to?: string;
  readonly owner?: string;
  readonly at?: string;
  readonly asRecorded?: string;
}

const names = ['service', 'to', 'owner', 'at', 'asRecorded'] as const;

/** Reads the address. */
export function readOpenSearch(search: Readonly<Record<string, unknown>>): OpenSearch {
  const said = names.flatMap((name) => {
    const value = search[name];
    return typeof value === 'string' && value !== '' ? [[name, value] as const] : [];
  });
  return Object.fromEntries(said);
}
