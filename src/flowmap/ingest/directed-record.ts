import type { TextId } from '../observation.ts';
import { readPort } from './host-port.ts';
import { type JsonRecord, textAt } from './json-record.ts';
import type { DirectedRecord } from './orient-flow.ts';

/** The port under a path of keys: -1 where there is none, NaN for what is no port. */
export function portAt(record: JsonRecord | null, ...keys: readonly string[]): number {
  const text = textAt(record, ...keys);
  if (text === '') return -1;
  const port = readPort(text);
  return port < 0 ? Number.NaN : port;
}

/** Puts a record of one direction together for `orientFlow`; null where a port or the bytes are NaN, which is `bad_number`. */
export function directedRecord(
  [source, destination]: readonly [source: TextId, destination: TextId],
  [sourcePort, destinationPort]: readonly [source: number, destination: number],
  bytes: number,
  told: Pick<DirectedRecord, 'opener' | 'tcpFlags'>,
): DirectedRecord | null {
  if (Number.isNaN(sourcePort + destinationPort + bytes)) return null;
  return { source, destination, sourcePort, destinationPort, bytes, bytesBack: -1, ...told };
}
