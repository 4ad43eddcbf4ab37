import type { ServiceDraft } from './draft-edit.ts';

/** Which services are listed, as the address says. */
export interface ServicesSearch {
  readonly find?: string;
  readonly mode?: 'observe' | 'enforce';
}

/** What the editor opens with: a file and a line, or a draft for a service. */
export interface EditSearch {
  readonly file?: string;
  readonly line?: number;
  readonly draft?: ServiceDraft;
}

/** Reads the address of the list. */
export function readServicesSearch(search: Readonly<Record<string, unknown>>): ServicesSearch {
  const { find, mode } = search;
  return {
    ...(typeof find === 'string' && find !== '' ? { find: find.slice(0, 128) } : {}),
    ...(mode === 'observe' || mode === 'enforce' ? { mode } : {}),
  };
}

/** Reads the address of the editor. Anybody can make such a link: it only ever fills in a draft, and nothing is done by it. */
export function readEditSearch(search: Readonly<Record<string, unknown>>): EditSearch {
  const { file, line } = search;
  const draft = readDraft(search['draft']);
  return {
    ...(typeof file === 'string' && file !== '' ? { file } : {}),
    ...(typeof line === 'number' && Number.isInteger(line) && line > 0 ? { line } : {}),
    ...(draft === null ? {} : { draft }),
  };
}

const mostRules = 200;

function readDraft(value: unknown): ServiceDraft | null {
  if (typeof value !== 'object' || value === null) return null;
  const { service, allow, enforce } = value as Partial<Record<keyof ServiceDraft, unknown>>;
  if (typeof service !== 'string' || service.length > 128) return null;
  const rules = Array.isArray(allow) ? allow.slice(0, mostRules) : [];
  return { service, allow: rules.flatMap(readRule), enforce: enforce === true };
}

function readRule(value: unknown): ServiceDraft['allow'] {
  const { to, via } = (value ?? {}) as { readonly to?: unknown; readonly via?: unknown };
  if (typeof to !== 'string' || to.length > 512) return [];
  return [{ to, via: Array.isArray(via) ? via.filter((one) => typeof one === 'string').slice(0, 16) : [] }];
}
