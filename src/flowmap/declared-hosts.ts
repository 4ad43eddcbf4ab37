import { parseIpAddress, patternCovers } from '../destination/index.ts';
import type { Edge } from './edge.ts';
import type { DeclaredEndpoint } from './observation.ts';

const mostPlaces = 5;

/** Where configuration declares which host: exact ones by host, and patterns. */
export interface DeclaredHosts {
  readonly exact: ReadonlyMap<string, readonly DeclaredEndpoint[]>;
  readonly patterns: readonly DeclaredEndpoint[];
}

/** Indexes what configuration declares. */
export function indexDeclared(declared: readonly DeclaredEndpoint[]): DeclaredHosts {
  const exact = new Map<string, DeclaredEndpoint[]>();
  for (const endpoint of declared) {
    const known = exact.get(endpoint.host);
    if (known === undefined) exact.set(endpoint.host, [endpoint]);
    else known.push(endpoint);
  }
  return { exact, patterns: declared.filter(({ host }) => host.includes('*')) };
}

/** `file:line` of the declarations of an edge's names and port, in order, at most 5. */
export function placesOf(edge: Edge, index: DeclaredHosts): readonly string[] {
  const names = edge.isName ? [edge.destination] : [edge.destination, ...edge.candidates];
  const found = names.flatMap((name) => [
    ...(index.exact.get(name) ?? []),
    ...index.patterns.filter(({ host }) => coversHost(host, name)),
  ]);
  const fitting = found.filter(({ port }) => port === null || edge.port < 0 || port === edge.port);
  return [...new Set(fitting.map(({ file, line }) => `${file}:${line}`))].sort().slice(0, mostPlaces);
}

/** Whether a declared host, which may have `*` for a hole, is that of a name. A `*` in front stands for one label or more. */
export function coversHost(pattern: string, name: string): boolean {
  if (!pattern.includes('*')) return pattern === name;
  const rest = pattern.startsWith('*.') ? pattern.slice(2) : null;
  if (rest !== null && !rest.includes('*')) return patternCovers({ kind: 'below', name: rest }, nameHost(name));
  const [parts, labels] = [pattern.split('.'), name.split('.')];
  return parts.length === labels.length && parts.every((part, index) => fitsLabel(part, labels[index] ?? ''));
}

// Each piece between holes at its first place after the one before: no pattern that a file may hold makes this slow, as a regular expression
// with many holes would be.
function fitsLabel(pattern: string, label: string): boolean {
  const [first = '', ...pieces] = pattern.split('*');
  const last = pieces.pop();
  if (last === undefined) return first === label;
  if (!label.startsWith(first)) return false;
  let at = first.length;
  for (const piece of pieces) {
    const found = label.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return label.length - last.length >= at && label.endsWith(last);
}

function nameHost(text: string): Parameters<typeof patternCovers>[1] {
  const address = parseIpAddress(text);
  return address.ok ? { kind: 'address', address: address.value } : { kind: 'name', name: text };
}

/** Declared endpoints that no edge was seen to use, struck off as edges come. */
export class UnseenEndpoints {
  readonly #unseen: Set<DeclaredEndpoint>;
  readonly #index: DeclaredHosts;

  constructor(declared: readonly DeclaredEndpoint[]) {
    // What a tool would use by default is no promise that it is used.
    const promised = declared.filter(({ confidence }) => confidence !== 'implied');
    this.#unseen = new Set(promised);
    this.#index = indexDeclared(promised);
  }

  /** Strikes off what an edge used, by any of its names. */
  strike({ destination, candidates }: Edge): void {
    if (this.#unseen.size === 0) return;
    for (const name of [destination, ...candidates]) {
      for (const endpoint of this.#index.exact.get(name) ?? []) this.#unseen.delete(endpoint);
      for (const endpoint of this.#index.patterns) {
        if (this.#unseen.has(endpoint) && coversHost(endpoint.host, name)) this.#unseen.delete(endpoint);
      }
    }
  }

  /** What is left, in the order in which it was declared. */
  rest(): readonly DeclaredEndpoint[] {
    return [...this.#unseen];
  }
}
