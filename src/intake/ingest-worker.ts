import { randomBytes } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { createLocalZone, createSourceReader, ObservationFold, type SourceReader } from '../flowmap/index.ts';
import type { FromReader, ReaderNews, ToReader } from './reader-messages.ts';

// A thread that reads records of sources, one source at a time. Pieces come with their own buffers; each is answered, so that the sender
// knows how much is under way.

let reader: SourceReader | null = null;
let session = 0;

parentPort?.on('message', (message: ToReader) => {
  if (message.kind === 'open') open(message);
  else if (message.kind === 'piece') read(message);
  else end();
});

function open({ order, timezone, nowMs, ...opened }: Extract<ToReader, { kind: 'open' }>): void {
  session = opened.session;
  const zone = createLocalZone(timezone);
  const seed = randomBytes(4).readUInt32LE();
  const made = zone.ok
    ? createSourceReader(order, {
        zone: zone.value,
        nowMs,
        createFold: () => new ObservationFold({ nowMs, seed }),
      })
    : zone;
  reader = made.ok ? made.value : null;
  tell({ kind: 'opened', fault: made.ok ? null : made.fault });
}

function read({ bytes, index }: Extract<ToReader, { kind: 'piece' }>): void {
  if (reader === null) return;
  const before = reader.position;
  reader.push(bytes);
  for (const part of reader.drain(false)) tell({ kind: 'batch', ...part });
  tell({ kind: 'read', index, lines: reader.position - before, buffer: bytes.buffer });
}

function end(): void {
  if (reader === null) return;
  reader.end();
  for (const part of reader.drain(true)) tell({ kind: 'batch', ...part });
  tell({ kind: 'ended', tally: reader.tally, range: reader.range() });
  reader = null;
}

function tell(news: ReaderNews): void {
  parentPort?.postMessage({ session, ...news } satisfies FromReader, buffersOf(news));
}

/** What is handed over rather than copied. */
function buffersOf(news: ReaderNews): ArrayBuffer[] {
  if (news.kind === 'read') return [news.buffer];
  if (news.kind !== 'batch') return [];
  return [news.batch.flows, news.batch.answers].flatMap(({ keys, values }) => [keys.buffer, values.buffer]);
}
