import { readCount } from './host-port.ts';
import { type JsonRecord, textAt } from './json-record.ts';

/** The count under a path of keys, written as number or text: -1 where there is none, NaN where it cannot be read or is negative. */
export function countAt(record: JsonRecord | null, ...keys: readonly string[]): number {
  const text = textAt(record, ...keys);
  if (text === '') return -1;
  const count = readCount(text);
  return count < 0 ? Number.NaN : count;
}
