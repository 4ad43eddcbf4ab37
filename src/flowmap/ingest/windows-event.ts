import { type JsonRecord, known, parseJsonRecord, recordOf, textAt, valueAt } from './json-record.ts';

/** An event of the Windows event log, whatever carried it. */
export interface WindowsEvent {
  readonly id: number;
  /** `Microsoft-Windows-Sysmon`, `Microsoft-Windows-Security-Auditing`; empty where the carrier leaves it out. */
  readonly provider: string;
  /** When it was written, as the carrier writes it; not the event's own `UtcTime`. */
  readonly time: string;
  /** A field of the event's data as text; empty where there is none. */
  field(name: string): string;
}

/**
 * Reads an event from one line: XML as `wevtutil` and forwarders give it out, JSON of NXLog, Winlogbeat (old and new), Wazuh and of
 * converters of EVTX files. Null for other text. The message, which is in the language of the machine, is never read.
 */
export function readWindowsEvent(text: string): WindowsEvent | null {
  const trimmed = text.trimStart();
  if (trimmed.startsWith('<')) return trimmed.includes('<EventID') ? readXml(trimmed) : null;
  const record = parseJsonRecord(trimmed);
  return record === null ? null : readJson(record);
}

function readJson(record: JsonRecord): WindowsEvent | null {
  for (const shape of shapes) {
    const head = valueAt(record, ...shape.head);
    const data = recordOf(valueAt(record, ...shape.data));
    const headRecord = recordOf(head);
    if (headRecord === null || data === null) continue;
    const id = numberOf(headRecord[shape.id]);
    if (!Number.isInteger(id)) continue;
    const provider = shape.provider.map((keys) => textAt(headRecord, ...keys)).find((name) => name !== '') ?? '';
    const time = shape.time.map((keys) => textAt(record, ...keys)).find((found) => found !== '') ?? '';
    return { id, provider, time, field: (name) => fieldOf(data, name) };
  }
  return null;
}

type Keys = readonly string[];

/** Where each carrier keeps an event's head and data; the nested ones first, because the flat one has no mark of its own. */
const shapes: readonly {
  readonly head: Keys;
  readonly id: string;
  readonly provider: readonly Keys[];
  readonly data: Keys;
  readonly time: readonly Keys[];
}[] = [
  // Winlogbeat since 7.
  {
    head: ['winlog'],
    id: 'event_id',
    provider: [['provider_name'], ['channel']],
    data: ['winlog', 'event_data'],
    time: [['@timestamp']],
  },
  // Wazuh.
  {
    head: ['data', 'win', 'system'],
    id: 'eventID',
    provider: [['providerName'], ['channel']],
    data: ['data', 'win', 'eventdata'],
    time: [['data', 'win', 'system', 'systemTime']],
  },
  // Converters of EVTX files, which turn XML to JSON.
  {
    head: ['Event', 'System'],
    id: 'EventID',
    provider: [['Provider', '#attributes', 'Name'], ['Provider', 'Name'], ['Provider', '@Name'], ['Channel']],
    data: ['Event', 'EventData'],
    time: [
      ['Event', 'System', 'TimeCreated', '#attributes', 'SystemTime'],
      ['Event', 'System', 'TimeCreated', 'SystemTime'],
      ['Event', 'System', 'TimeCreated', '@SystemTime'],
    ],
  },
  // Winlogbeat before 7.
  { head: [], id: 'event_id', provider: [['source_name'], ['log_name']], data: ['event_data'], time: [['@timestamp']] },
  // NXLog: all side by side.
  { head: [], id: 'EventID', provider: [['SourceName'], ['Channel']], data: [], time: [['EventTime'], ['@timestamp']] },
];

/** An id as number, text, or an element of XML with attributes. */
function numberOf(value: unknown): number {
  const inner = recordOf(value)?.['#text'] ?? value;
  return typeof inner === 'number' || typeof inner === 'string' ? Number(inner) : Number.NaN;
}

// Wazuh writes the names of fields with a small letter first.
function fieldOf(data: JsonRecord, name: string): string {
  const key = Object.hasOwn(data, name) ? name : name.charAt(0).toLowerCase() + name.slice(1);
  const value = Object.hasOwn(data, key) ? data[key] : undefined;
  return typeof value === 'boolean' ? String(value) : textAt(data, key);
}

function readXml(text: string): WindowsEvent {
  const fields = new Map<string, string>();
  for (const [, name = '', value = ''] of text.matchAll(/<Data Name=['"](\w+)['"]\s*(?:\/>|>([^<]*)<\/Data>)/g)) {
    fields.set(name, known(decodeEntities(value)));
  }
  return {
    id: Number(/<EventID[^>]*>(\d+)<\/EventID>/.exec(text)?.[1] ?? Number.NaN),
    provider: /<Provider Name=['"]([^'"]*)['"]/.exec(text)?.[1] ?? '',
    time: /<TimeCreated SystemTime=['"]([^'"]*)['"]/.exec(text)?.[1] ?? '',
    field: (name) => fields.get(name) ?? '',
  };
}

/** The five named entities of XML and its numbered ones, each undone once: `&amp;lt;` is `&lt;`. */
function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return namedEntities[String(name).toLowerCase()] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole;
  });
}

const namedEntities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
