import assert from 'node:assert/strict';
import {
  type Application,
  attributeClients,
  type ClientDirectory,
  createTally,
  type DeclaredEndpoint,
  type DnsObservation,
  type EdgeQuery,
  emptyInventory,
  type FlowDraft,
  type FlowLake,
  type FoldedBatch,
  type InitiatorProof,
  type LakeWindow,
  type LeaseObservation,
  type NameKind,
  ObservationFold,
  type ProviderRange,
  type SourceEntry,
  throughAddresses,
  type Vantage,
} from '../../src/flowmap/index.ts';

/** Midnight of the day on which the flows of these tests lie: Friday 2026-11-20, UTC. */
export const testDayMs: number = Date.UTC(2026, 10, 20);
/** The present of these tests: 2026-11-28T12:00:00Z. */
export const testNowMs: number = Date.UTC(2026, 10, 28, 12);
/** Everything kept. */
export const wholeWindow: LakeWindow = { sinceMs: null, untilMs: null };

const [hourMs, minuteMs] = [3_600_000, 60_000];

/** An instant of the test day: `at('09:30')`, `at('09:30', 1)` a day later. */
export function at(clock: string, days = 0): number {
  const [hours = '0', minutes = '0', seconds = '0'] = clock.split(':');
  const ofDayMs = Number(hours) * hourMs + Number(minutes) * minuteMs + Number(seconds) * 1000;
  return testDayMs + days * 24 * hourMs + ofDayMs;
}

/** A flow as a test writes it down; what is left out is as a record that does not tell it, of one TCP connection to port 443. */
export interface FlowSpec {
  readonly atMs: number;
  readonly endMs?: number;
  readonly client?: string;
  readonly user?: string;
  readonly service?: string;
  readonly address?: string;
  readonly name?: string;
  readonly nameKind?: NameKind;
  readonly provider?: string;
  readonly port?: number;
  readonly protocol?: number;
  readonly application?: Application;
  readonly up?: number;
  readonly down?: number;
  readonly connections?: number;
  readonly isDenied?: boolean;
  readonly isReply?: boolean;
  readonly initiator?: InitiatorProof;
  readonly vantage?: Vantage;
  readonly sampledOneIn?: number;
}

/** An answer as a test writes it down; `addresses` left out is a source that cannot tell answers. */
export interface AnswerSpec {
  readonly atMs: number;
  readonly client?: string;
  readonly name: string;
  readonly addresses?: readonly string[];
  readonly ttlSeconds?: number;
  readonly resolver?: string;
  readonly aliases?: readonly string[];
}

/** What one batch of a source holds. */
export interface BatchSpec {
  readonly format?: string;
  readonly flows?: readonly FlowSpec[];
  readonly answers?: readonly AnswerSpec[];
  readonly leases?: readonly LeaseObservation[];
}

/** Folds what a test wrote down; every record must be taken. */
export function foldBatch(spec: BatchSpec): FoldedBatch {
  const fold = new ObservationFold({ nowMs: testNowMs, seed: 7 });
  for (const flow of spec.flows ?? []) {
    fillDraft(fold, flow);
    assert.equal(fold.endFlow(), 'taken');
  }
  for (const answer of spec.answers ?? []) assert.equal(fold.answer(answerOf(answer)), 'taken');
  for (const lease of spec.leases ?? []) assert.equal(fold.lease(lease), 'taken');
  return fold.drain();
}

const told = {
  port: 443,
  protocol: 6,
  application: 'unknown',
  connections: 1,
  isDenied: false,
  isReply: false,
  initiator: 'stated',
  vantage: 'only',
  sampledOneIn: 1,
} as const;

/** Begins a flow and fills the draft as written down. */
export function fillDraft(fold: ObservationFold, spec: FlowSpec): FlowDraft {
  const draft = fold.beginFlow();
  const { atMs, endMs = atMs, up = -1, down = -1, client, user, service, address, name, provider, ...rest } = spec;
  const texts = { client, user, service, address, name, provider };
  for (const [key, text] of Object.entries(texts)) draft[key as keyof typeof texts] = fold.text(text ?? '');
  const nameKind = name === undefined ? 'none' : 'sni';
  return Object.assign(draft, { startMs: atMs, endMs, bytesUp: up, bytesDown: down, nameKind }, told, rest);
}

/** An answer with what a record leaves out filled in. */
export function answerOf(spec: AnswerSpec): DnsObservation {
  const ttlSeconds = spec.ttlSeconds ?? null;
  return {
    timeMs: spec.atMs,
    client: spec.client ?? null,
    name: spec.name,
    type: 'A',
    code: 'NOERROR',
    addresses: spec.addresses?.map((address) => ({ address, ttlSeconds })) ?? null,
    aliases: spec.aliases ?? [],
    isDenied: false,
    resolver: spec.resolver ?? null,
  };
}

/** A source as a test writes it down. */
export interface SourceSpec {
  readonly batches?: readonly BatchSpec[];
  readonly declared?: readonly DeclaredEndpoint[];
  readonly ranges?: readonly ProviderRange[];
  /** Default: one of its own. */
  readonly digest?: string;
  readonly path?: string;
}

let madeDigests = 0;

/** An entry for a source that a test made. */
export function entryOf(spec: SourceSpec): Omit<SourceEntry, 'id'> {
  madeDigests += 1;
  const formats = [...new Set((spec.batches ?? []).map(({ format }) => format ?? 'squid'))];
  return {
    digest: spec.digest ?? `digest-${madeDigests}`,
    path: spec.path ?? 'test.log',
    kind: spec.ranges !== undefined ? 'ranges' : spec.declared !== undefined ? 'configuration' : 'log',
    formats,
    tally: createTally(),
    bytes: 1,
    firstMs: null,
    lastMs: null,
    ingestedAtMs: testNowMs,
    notes: [],
  };
}

/** Puts a source into a lake; gives its id, or null where the lake had it. */
export async function addSource(lake: FlowLake, spec: SourceSpec): Promise<string | null> {
  const writer = await lake.begin();
  for (const batch of spec.batches ?? []) await writer.append(batch.format ?? 'squid', foldBatch(batch));
  if (spec.declared !== undefined) await writer.declare(spec.declared);
  if (spec.ranges !== undefined) await writer.keepRanges(spec.ranges, testDayMs);
  return (await writer.publish(entryOf(spec))) ? writer.id : null;
}

/** A directory that knows nobody but those given. */
export function directoryOf(known: Partial<ClientDirectory> = {}): ClientDirectory {
  return {
    inventory: emptyInventory,
    leases: [],
    hasService: () => false,
    servicesOfSource: () => [],
    serviceOfCredential: () => null,
    ...known,
  };
}

/** The question about a window of a lake, clients attributed by a directory. */
export async function queryOf(
  lake: FlowLake,
  window: LakeWindow = wholeWindow,
  directory: ClientDirectory = directoryOf(),
): Promise<EdgeQuery> {
  const who = attributeClients(await lake.clients(window), directory);
  return { ...window, who, through: throughAddresses(directory.inventory) };
}
