import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordSink } from '../../src/enforcement/index.ts';
import type { CloseRecord, DecisionRecord } from '../../src/policy/index.ts';

/** A sink under test: how to wait until it has written, what it kept, and how to end it. */
export interface SinkUnderTest {
  readonly sink: RecordSink;
  settle(): Promise<void>;
  kept(): Promise<readonly DecisionRecord[]>;
  close(): Promise<void>;
}

/** A close record with an id. */
export function sampleClose(id: string): CloseRecord {
  return {
    kind: 'close',
    id,
    flow: `flow-${id}`,
    time: '2026-11-23T10:00:00.000Z',
    bytesUp: 1834,
    bytesDown: 99_120,
    durationMs: 8123,
    endedBy: 'client',
    failure: null,
  };
}

/** What every `RecordSink` must do, run on one implementation. */
export function checkRecordSink(name: string, make: () => SinkUnderTest): void {
  test(`${name}: what was accepted is kept, unchanged and in order`, async () => {
    const { sink, settle, kept, close } = make();
    const records = Array.from({ length: 25 }, (_, i) => sampleClose(`S${i}`));
    for (const record of records) assert.equal(sink.write(record), true);
    assert.equal(sink.isKeeping, true);
    await settle();
    assert.deepEqual(await kept(), records);
    await close();
  });

  test(`${name}: after its end it keeps nothing and says so`, async () => {
    const { sink, kept, close } = make();
    await close();
    assert.equal(sink.isKeeping, false);
    assert.equal(sink.write(sampleClose('late')), false);
    assert.deepEqual(await kept(), []);
  });

  test(`${name}: closing twice is harmless`, async () => {
    const { sink, kept, close } = make();
    sink.write(sampleClose('A'));
    await close();
    await close();
    assert.equal((await kept()).length, 1);
  });
}
