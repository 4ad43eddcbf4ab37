import { parseIpAddress, patternCovers } from '../destination/index.ts';
import type { CompiledPolicy, NetworkFacts } from '../policy/index.ts';
import type { Coverage } from './coverage.ts';
import type { Edge } from './edge.ts';
import { createEdgeJudge, type JudgedEdge } from './judge-edges.ts';
import type { DeclaredEndpoint } from './observation.ts';

/** An edge as the map shows it: judged by the present policy, and with where configuration declares it. */
export interface MapEdge extends JudgedEdge {
  readonly owner: string | null;
  /** `file:line` of declarations, at most 5; empty where none declares it, null where no configuration was ingested. */
  readonly declaredAt: readonly string[] | null;
}

/** The map: edges with what they rest on. */
export interface FlowMap {
  readonly edges: readonly MapEdge[];
  readonly coverage: Coverage;
  /** Endpoints that configuration declares and nobody was seen to use. */
  readonly unseen: readonly DeclaredEndpoint[];
  readonly policyVersion: string | null;
  /** Why edges were not judged; null where they were. */
  readonly noPolicy: string | null;
}

/** What a map is drawn from. */
export interface FlowMapParts {
  readonly edges: readonly Edge[];
  readonly coverage: Coverage;
  readonly declared: readonly DeclaredEndpoint[];
  readonly policy: CompiledPolicy | null;
  readonly noPolicy: string | null;
  readonly ownerOf: (principal: string) => string | null;
  /** Epoch milliseconds: observing that ended by then counts as enforced. */
  readonly nowMs: number;
  /** Loopback pairs that the configuration opens. */
  readonly localOrigins: NetworkFacts['localOrigins'];
}

/** What of a map is wanted; null wants everything. */
export interface FlowMapFilter {
  readonly service: string | null;
  /** Edges first seen at or after this instant, epoch milliseconds. */
  readonly newSinceMs: number | null;
  readonly class: string | null;
}

const mostPlaces = 5;

/** Draws the map: joins edges with declarations, judges them, and keeps what the filter wants. */
export function drawFlowMap(parts: FlowMapParts, filter: FlowMapFilter): FlowMap {
  const judge = parts.policy === null ? null : createEdgeJudge(parts.policy, parts.nowMs, parts.localOrigins);
  const declarations = indexDeclared(parts.declared);
  const edges = parts.edges
    .filter((edge) => isWanted(edge, filter))
    .map(
      (edge): MapEdge => ({
        edge,
        judgement: judge?.judge(edge) ?? null,
        owner: parts.ownerOf(edge.principal),
        declaredAt: parts.declared.length === 0 ? null : placesOf(edge, declarations),
      }),
    );
  const ofClass = filter.class === null ? edges : edges.filter(({ judgement }) => judgement?.class === filter.class);
  return {
    edges: ofClass,
    coverage: parts.coverage,
    unseen: findUnseen(parts.declared, parts.edges),
    policyVersion: parts.policy?.version ?? null,
    noPolicy: parts.noPolicy,
  };
}

function isWanted(edge: Edge, { service, newSinceMs }: FlowMapFilter): boolean {
  return (service === null || edge.principal === service) && (newSinceMs === null || edge.firstMs >= newSinceMs);
}

interface DeclaredIndex {
  readonly exact: ReadonlyMap<string, readonly DeclaredEndpoint[]>;
  readonly patterns: readonly DeclaredEndpoint[];
}

function indexDeclared(declared: readonly DeclaredEndpoint[]): DeclaredIndex {
  const exact = new Map<string, DeclaredEndpoint[]>();
  for (const endpoint of declared) {
    const known = exact.get(endpoint.host);
    if (known === undefined) exact.set(endpoint.host, [endpoint]);
    else known.push(endpoint);
  }
  return { exact, patterns: declared.filter(({ host }) => host.includes('*')) };
}

function placesOf(edge: Edge, index: DeclaredIndex): readonly string[] {
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

function findUnseen(declared: readonly DeclaredEndpoint[], edges: readonly Edge[]): readonly DeclaredEndpoint[] {
  const seen = new Set(edges.flatMap(({ destination, candidates }) => [destination, ...candidates]));
  const names = [...seen];
  return declared.filter(({ host, confidence }) => {
    // What a tool would use by default is no promise that it is used.
    if (confidence === 'implied' || seen.has(host)) return false;
    return !host.includes('*') || !names.some((name) => coversHost(host, name));
  });
}
