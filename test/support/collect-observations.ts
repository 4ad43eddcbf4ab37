import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  configFormats,
  createFlowDraft,
  createLocalZone,
  type DeclaredEndpoint,
  type DnsObservation,
  type FlowDraft,
  findLogFormat,
  type LeaseObservation,
  type LineOutcome,
  type LogFormat,
  LogLine,
  logFormats,
  type ObservationSink,
  peelEnvelopes,
  resetFlowDraft,
  TextTable,
} from '../../src/flowmap/index.ts';

/** A flow as the parser left it, with texts in place of ids. */
export type CollectedFlow = Omit<FlowDraft, 'client' | 'user' | 'service' | 'address' | 'name' | 'provider'> & {
  readonly client: string;
  readonly user: string;
  readonly service: string;
  readonly address: string;
  readonly name: string;
  /** Left out where the record has none. */
  readonly provider?: string;
};

/** Everything that a parser found in a text, and what became of each line (empty lines are left out). */
export interface Collected {
  readonly flows: readonly CollectedFlow[];
  readonly answers: readonly DnsObservation[];
  readonly leases: readonly LeaseObservation[];
  readonly declared: readonly DeclaredEndpoint[];
  readonly outcomes: readonly LineOutcome[];
}

export interface CollectOptions {
  readonly grammar?: string;
  readonly timezone?: string;
  readonly nowMs?: number;
}

/** 2026-11-28T12:00:00Z: the present of the fixtures. */
export const fixtureNowMs: number = Date.UTC(2026, 10, 28, 12);

/** A sink that keeps what it is told as objects. `endFlow` takes everything: judging is the fold's. */
export function createCollectingSink(): ObservationSink & {
  readonly flows: CollectedFlow[];
  readonly answers: DnsObservation[];
  readonly leases: LeaseObservation[];
  readonly declared: DeclaredEndpoint[];
} {
  const table = new TextTable(1);
  const draft = createFlowDraft();
  const [flows, answers, leases, declared] = [
    [] as CollectedFlow[],
    [] as DnsObservation[],
    [] as LeaseObservation[],
    [] as DeclaredEndpoint[],
  ];
  return {
    flows,
    answers,
    leases,
    declared,
    text: (text) => table.text(text),
    span: (bytes, start, end) => table.span(bytes, start, end),
    quad: (_, bytes, start, end) => table.span(bytes, start, end),
    beginFlow: () => {
      resetFlowDraft(draft);
      return draft;
    },
    endFlow: () => {
      const { client, user, service, address, name, provider } = draft;
      const { provider: _, ...rest } = draft;
      flows.push({
        ...rest,
        client: table.get(client),
        user: table.get(user),
        service: table.get(service),
        address: table.get(address),
        name: table.get(name),
        ...(provider === 0 ? {} : { provider: table.get(provider) }),
      });
      return 'taken';
    },
    answer: (observation) => {
      answers.push(observation);
      return 'taken';
    },
    lease: (observation) => {
      leases.push(observation);
      return 'taken';
    },
    declare: (endpoint) => void declared.push(endpoint),
  };
}

/** Parses the lines of a text by one format, envelopes peeled as ingest does. */
export function collectObservations(formatId: string, text: string, options: CollectOptions = {}): Collected {
  const format = findLogFormat(formatId);
  assert.ok(format !== null, `no format \`${formatId}\` is registered`);
  const zone = createLocalZone(options.timezone ?? 'UTC');
  assert.ok(zone.ok);
  const nowMs = options.nowMs ?? fixtureNowMs;
  const lines = linesOf(text, { zone: zone.value, nowMs });
  const grammar = options.grammar ?? format.learn(lines);
  const parser = format.createParser({ grammar, zone: zone.value, nowMs });
  assert.ok(parser.ok, parser.ok ? '' : parser.fault.message);
  const sink = createCollectingSink();
  const outcomes = lines.map((line) => parser.value.parse(line, sink));
  return { flows: sink.flows, answers: sink.answers, leases: sink.leases, declared: sink.declared, outcomes };
}

/** Reads a configuration text by one format. */
export function collectDeclared(formatId: string, path: string, text: string): Collected & { readonly faults: number } {
  const format = configFormats.find(({ id }) => id === formatId);
  assert.ok(format !== undefined, `no format \`${formatId}\` is registered`);
  const sink = createCollectingSink();
  const { faults } = format.read({ path, text }, sink);
  const { flows, answers, leases, declared } = sink;
  return { flows, answers, leases, declared, outcomes: [], faults: faults.length };
}

/** The format that detection would choose for a text, with every score above zero, best first. */
export function scoresOf(text: string): readonly (readonly [string, number])[] {
  const zone = createLocalZone('UTC');
  assert.ok(zone.ok);
  const sample = linesOf(text, { zone: zone.value, nowMs: fixtureNowMs });
  return logFormats
    .map((format: LogFormat) => [format.id, format.detect(sample)] as const)
    .filter(([, score]) => score > 0)
    .sort((a, b) => b[1] - a[1]);
}

/** A fixture of `test/fixtures/ingest/`. */
export function readFixture(name: string): string {
  return readFileSync(join(import.meta.dirname, '../fixtures/ingest', name), 'utf8');
}

function linesOf(text: string, options: Parameters<typeof peelEnvelopes>[1]): readonly LogLine[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map((raw) => {
      const peeled = peelEnvelopes(raw, options);
      const line = LogLine.of(peeled.text);
      line.receivedMs = peeled.receivedMs;
      return line;
    });
}
