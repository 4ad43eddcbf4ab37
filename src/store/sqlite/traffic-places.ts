import type { DatabaseSync } from 'node:sqlite';
import { bucketWidths, coarser, edgeFromKey, edgeToKey, type TrafficEdge } from '../../flowmap/traffic/index.ts';

/** Edges that one day may have, over all services. */
export const maxEdgesOfDay = 20_000;
/** Edges that one service may have on one day: who makes up names takes its own places only. */
export const maxEdgesOfService = 4_000;

const dayMs = bucketWidths.at(-1)?.widthMs ?? 0;
// Numbers of edges that are remembered; those of a busy day.
const maxKnown = 50_000;
// Records come in order; a day or two are under way at once, and more only while history is read.
const maxDays = 4;

/** Gives edges their number, and tells those more coarsely that a day has no place for. */
export interface TrafficPlaces {
  /** The number of the edge that this one is counted as at an instant. */
  place(edge: TrafficEdge, atMs: number): number;
  /** Numbers that were given in a transaction that did not hold are not to be known. */
  forget(): void;
}

interface Day {
  readonly edges: Set<number>;
  readonly byService: Map<string, number>;
}

/** Makes the places of a file of traffic. */
export function createTrafficPlaces(database: DatabaseSync): TrafficPlaces {
  const find = database.prepare('SELECT id FROM edge WHERE key = ?');
  const insert = database.prepare('INSERT INTO edge (key, last_ms) VALUES (?, 0) RETURNING id');
  const ofDay = database.prepare(
    'SELECT edge.id AS id, edge.key AS key FROM bucket JOIN edge ON edge.id = bucket.edge WHERE width_ms = ? AND from_ms = ?',
  );
  const known = new Map<string, number>();
  const days = new Map<number, Day>();

  const numberOf = (key: string): number | null => {
    const found = known.get(key) ?? (find.get(key) as { readonly id: number } | undefined)?.id ?? null;
    if (found !== null) remember(known, key, found, maxKnown);
    return found;
  };
  const dayOf = (atMs: number): Day => {
    const from = Math.floor(atMs / dayMs) * dayMs;
    const kept = days.get(from) ?? load(from);
    remember(days, from, kept, maxDays);
    return kept;
  };
  const load = (from: number): Day => {
    const day: Day = { edges: new Set(), byService: new Map() };
    for (const row of ofDay.iterate(dayMs, from)) {
      const { id, key } = row as unknown as { readonly id: number; readonly key: string };
      take(day, edgeFromKey(key).service, id);
    }
    return day;
  };
  const place = (edge: TrafficEdge, atMs: number, step: number): number => {
    const day = dayOf(atMs);
    const key = edgeToKey(edge);
    const id = numberOf(key);
    if (id !== null && day.edges.has(id)) return id;
    const plainer = isFull(day, edge.service, step) ? coarser(edge) : null;
    if (plainer !== null) return place(plainer, atMs, step + 1);
    const given = id ?? Number((insert.get(key) as { readonly id: number }).id);
    remember(known, key, given, maxKnown);
    take(day, edge.service, given);
    return given;
  };
  return {
    place: (edge, atMs) => place(edge, atMs, 1),
    forget: () => {
      known.clear();
      days.clear();
    },
  };
}

// What is told more coarsely finds place again as often; in the end everything does, without a rule.
function isFull({ edges, byService }: Day, service: string, step: number): boolean {
  return edges.size >= maxEdgesOfDay * step || (byService.get(service) ?? 0) >= maxEdgesOfService * step;
}

function take({ edges, byService }: Day, service: string, id: number): void {
  if (edges.has(id)) return;
  edges.add(id);
  byService.set(service, (byService.get(service) ?? 0) + 1);
}

// Taken out and put back: a map stays in order of last use, so the first entry is the one to drop.
function remember<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return;
  for (const [eldest] of map) {
    map.delete(eldest);
    return;
  }
}
