import type { RecordSink } from '../../enforcement/index.ts';
import type { DecisionRecord } from '../../policy/index.ts';

/** Hears of the records of source addresses, on their way to the spool. */
export interface RunTap {
  readonly sink: RecordSink;
  /** Tells of each record of these addresses, until the function that it gives is called. */
  listen(addresses: readonly string[], hear: (record: DecisionRecord) => void): () => void;
}

/** Makes a tap before a sink. */
export function createRunTap(to: RecordSink): RunTap {
  const listeners = new Map<string, (record: DecisionRecord) => void>();
  return {
    sink: {
      get isKeeping() {
        return to.isKeeping;
      },
      write: (record) => {
        if (listeners.size > 0) listeners.get(addressOf(record) ?? '')?.(record);
        return to.write(record);
      },
    },
    listen: (addresses, hear) => {
      for (const address of addresses) listeners.set(address, hear);
      return () => {
        for (const address of addresses) if (listeners.get(address) === hear) listeners.delete(address);
      };
    },
  };
}

// `10.9.0.2:40000`, `[2001:db8::7]:40000`.
function addressOf(record: DecisionRecord): string | null {
  const source =
    record.kind === 'verdict'
      ? record.source
      : record.kind === 'close' || record.kind === 'progress'
        ? record.share?.source
        : null;
  return /^\[?(.+?)\]?:\d+$/.exec(source ?? '')?.[1] ?? null;
}
