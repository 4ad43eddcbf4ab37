import { ok } from '../../base/index.ts';
import { isReject, type LineOutcome, type ObservationSink } from '../observation.ts';
import { parseFlowTuple } from './azure-flow-tuple.ts';
import { type JsonRecord, listOf, parseJsonRecord, recordOf, textAt } from './json-record.ts';
import type { LogFormat } from './log-format.ts';
import { shareOfLines } from './share-of-lines.ts';

/** Rules nest in access control lists, and those in flows; nothing nests deeper. */
const deepest = 6;

const categories: ReadonlySet<string> = new Set(['FlowLogFlowEvent', 'NetworkSecurityGroupFlowEvent']);

/** Azure virtual network flow logs (version 4) and network security group flow logs (versions 1 and 2). */
export const azureFlowFormat: LogFormat = {
  id: 'azure-flow',
  title: 'Azure VNet and NSG flow logs',
  fields: {
    names: 'none',
    destinationAddress: true,
    bytesUp: true,
    bytesDown: true,
    identity: false,
    denials: true,
    unit: 'window',
    time: 'start',
    blindSpots: [
      'Azure flow logs never name a destination: without DNS or proxy logs of the same time it stays an address.',
      'Flow logs of version 1 have no bytes, and a flow that has begun has none before its first statistics.',
      'Traffic between two networks with flow logs is told at both ends.',
      'Traffic to private endpoints and to services that Azure handles itself is not told, or only in part.',
    ],
  },
  isOrdered: false,
  grammar: null,
  detect: (sample) => shareOfLines(sample, (text) => recordsOf(parseJsonRecord(text)).some(isFlowRecord)),
  learn: () => null,
  createParser: () => ok({ parse: (line, sink) => parseRecords(line.text(), sink) }),
};

function parseRecords(text: string, sink: ObservationSink): LineOutcome {
  const parsed = parseJsonRecord(text);
  if (parsed === null) return text.trimStart().startsWith('{') ? 'bad_json' : 'other_format';
  const records = recordsOf(parsed).filter(isFlowRecord);
  if (records.length === 0) return 'other_format';
  return outcomeOf(records.flatMap((record) => readRecord(record, sink)));
}

/** The elements of `{"records":[…]}`, or the one that stands alone. */
function recordsOf(parsed: JsonRecord | null): readonly JsonRecord[] {
  if (parsed === null) return [];
  const records = listOf(parsed['records'])
    .map(recordOf)
    .filter((record) => record !== null);
  return records.length === 0 ? [parsed] : records;
}

function isFlowRecord(record: JsonRecord): boolean {
  return (
    categories.has(textAt(record, 'category')) ||
    categories.has(textAt(record, 'operationName')) ||
    'flows' in (recordOf(record['flowRecords']) ?? {})
  );
}

function readRecord(record: JsonRecord, sink: ObservationSink): readonly LineOutcome[] {
  const service = interfaceOf(textAt(record, 'targetResourceID'));
  return [...flattenedTuples(record), ...tuplesBelow(record, deepest)].map((tuple) =>
    parseFlowTuple(tuple, service, sink),
  );
}

/**
 * One record has many tuples and one outcome: a reject where any was rejected, so that none is lost in silence (the others are in the
 * sink all the same).
 */
function outcomeOf(outcomes: readonly LineOutcome[]): LineOutcome {
  const reject = outcomes.find(isReject);
  if (reject !== undefined) return reject;
  return outcomes.includes('taken') ? 'taken' : (outcomes[0] ?? 'no_data');
}

/** Forwarders flatten records to one tuple each: `"flow.0":"1663146003599,…"`. */
function flattenedTuples(record: JsonRecord): readonly unknown[] {
  return Object.entries(record)
    .filter(([key]) => /^flow\.\d+$/.test(key))
    .map(([, value]) => value);
}

/** `flowRecords.flows[].flowGroups[].flowTuples[]` of VNet, `properties.flows[].flows[].flowTuples[]` of NSG. */
function tuplesBelow(value: unknown, depth: number): readonly unknown[] {
  const record = recordOf(value);
  if (record === null || depth === 0) return [];
  const inner = [
    record['flowRecords'],
    record['properties'],
    ...listOf(record['flows']),
    ...listOf(record['flowGroups']),
  ];
  return [...listOf(record['flowTuples']), ...inner.flatMap((part) => tuplesBelow(part, depth - 1))];
}

/** The name of a network interface, where the log is of one; networks and subnets are no service. */
function interfaceOf(resourceId: string): string {
  return /\/networkInterfaces\/([^/]+)/i.exec(resourceId)?.[1] ?? '';
}
