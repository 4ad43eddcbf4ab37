import type { RejectCode } from '../observation.ts';
import { readPort } from './host-port.ts';
import { type JsonRecord, textAt } from './json-record.ts';
import type { LocalZone } from './log-format.ts';
import { parseIsoTime } from './parse-time.ts';
import { hasPorts, readProtocol } from './protocol-number.ts';

/** What every event of Suricata's EVE has, with the sides as the event was written: not always the client first. */
export interface EveHead {
  readonly timeMs: number;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly protocol: number;
}

/** Reads the head of an event, or says what is wrong with it. Ports are 0 for protocols without, -1 where they are missing. */
export function readEveHead(event: JsonRecord, zone: LocalZone): EveHead | RejectCode {
  const timeMs = parseIsoTime(textAt(event, 'timestamp'), zone);
  if (Number.isNaN(timeMs)) return 'bad_time';
  const [source, destination] = [textAt(event, 'src_ip'), textAt(event, 'dest_ip')];
  if (source === '' || destination === '') return 'bad_fields';
  const protocol = readProtocol(textAt(event, 'proto'));
  const sourcePort = portAt(event, 'src_port', protocol);
  const destinationPort = portAt(event, 'dest_port', protocol);
  if (Number.isNaN(sourcePort) || Number.isNaN(destinationPort)) return 'bad_number';
  return { timeMs, source, sourcePort, destination, destinationPort, protocol };
}

/** A time inside the event, or the given one where it has none. */
export function eveTime(text: string, otherwiseMs: number, zone: LocalZone): number {
  const timeMs = parseIsoTime(text, zone);
  return Number.isNaN(timeMs) ? otherwiseMs : timeMs;
}

function portAt(event: JsonRecord, key: string, protocol: number): number {
  const text = textAt(event, key);
  if (text === '') return protocol === 0 || hasPorts(protocol) ? -1 : 0;
  const port = readPort(text);
  return port < 0 ? Number.NaN : port;
}
