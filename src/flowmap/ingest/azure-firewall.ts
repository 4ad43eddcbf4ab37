import { ok } from '../../base/index.ts';
import type { LineOutcome, ObservationSink } from '../observation.ts';
import { takeAzureMessage } from './azure-firewall-message.ts';
import { isAzureTable, takeAzureTable } from './azure-firewall-table.ts';
import { type JsonRecord, listOf, parseJsonRecord, recordOf, textAt } from './json-record.ts';
import type { LocalZone, LogFormat } from './log-format.ts';
import { parseIsoTime } from './parse-time.ts';
import { shareOfLines } from './share-of-lines.ts';

/**
 * Diagnostic logs of Azure Firewall, of both kinds: sentences in `properties.msg` (categories `AzureFirewall…`) and structured ones
 * (categories `AZFW…`), as storage accounts, event hubs and Log Analytics give them out.
 */
export const azureFirewallFormat: LogFormat = {
  id: 'azure-firewall',
  title: 'Azure Firewall diagnostic logs',
  fields: {
    names: 'record',
    destinationAddress: true,
    bytesUp: false,
    bytesDown: false,
    identity: false,
    denials: true,
    unit: 'connection',
    time: 'start',
    blindSpots: [
      'No record has bytes: volume is not known.',
      'Application rules log names without addresses, network rules addresses without names.',
      'The DNS proxy logs questions without their answers, so addresses cannot be named by them.',
      'A TLS connection without a server name is logged without any destination.',
      'A connection over HTTP or TLS that network rules let pass has no name.',
    ],
  },
  isOrdered: false,
  grammar: null,
  detect: (sample) => shareOfLines(sample, isFirewallLine),
  learn: () => null,
  createParser: ({ zone }) =>
    ok({
      parse: (line, sink) => {
        const record = parseJsonRecord(line.text());
        if (record === null) return line.text().trimStart().startsWith('{') ? 'bad_json' : 'other_format';
        return takeRecord(record, zone, sink);
      },
    }),
};

function takeRecord(record: JsonRecord, zone: LocalZone, sink: ObservationSink): LineOutcome {
  const records = listOf(record['records']).map(recordOf);
  if (records.length === 0) return takeOne(record, zone, sink);
  // A whole blob on one line: it is taken when any of its records is.
  const outcomes = records.map((one) => (one === null ? 'other_format' : takeOne(one, zone, sink)));
  return outcomes.find((outcome) => outcome === 'taken') ?? outcomes[0] ?? 'no_data';
}

function takeOne(record: JsonRecord, zone: LocalZone, sink: ObservationSink): LineOutcome {
  const category = categoryOf(record);
  if (!isFirewallCategory(category)) return 'other_format';
  const timeMs = parseIsoTime(textAt(record, 'time') || textAt(record, 'TimeGenerated'), zone);
  if (Number.isNaN(timeMs)) return 'bad_time';
  // Log Analytics has the properties beside the rest, event hubs sometimes as text.
  const properties = recordOf(record['properties']) ?? parseJsonRecord(textAt(record, 'properties')) ?? record;
  if (isAzureTable(category)) return takeAzureTable(category, properties, timeMs, sink);
  const message = textAt(properties, 'msg') || textAt(record, 'msg_s');
  return message === '' ? 'bad_fields' : takeAzureMessage(message, timeMs, sink);
}

function categoryOf(record: JsonRecord): string {
  return textAt(record, 'category') || textAt(record, 'Category') || textAt(record, 'Type');
}

function isFirewallCategory(category: string): boolean {
  return isAzureTable(category) || category.startsWith('AzureFirewall');
}

function isFirewallLine(text: string): boolean {
  if (!text.startsWith('{') || !/AZFW|AzureFirewall/.test(text)) return false;
  const record = parseJsonRecord(text);
  if (record === null) return false;
  return isFirewallCategory(categoryOf(recordOf(listOf(record['records'])[0]) ?? record));
}
