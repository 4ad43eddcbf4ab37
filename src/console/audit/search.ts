/** Which acts are shown, as the address says. `action` is a whole one or its start. */
export interface AuditSearch {
  readonly action?: string;
  readonly actor?: string;
  readonly subject?: string;
}

const names = ['action', 'actor', 'subject'] as const;

/** Reads the address. */
export function readAuditSearch(search: Readonly<Record<string, unknown>>): AuditSearch {
  const said = names.flatMap((name) => {
    const value = search[name];
    return typeof value === 'string' && value.trim() !== '' ? [[name, value.trim()] as const] : [];
  });
  return Object.fromEntries(said);
}
