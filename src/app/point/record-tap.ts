import type { NewId } from '../../base/index.ts';
import { parseWireHost, registrableDomain } from '../../destination/index.ts';
import type { RecordSink } from '../../enforcement/index.ts';
import { type DecisionRecord, type FirstSeenRecord, several } from '../../policy/index.ts';
import type { Logger } from '../logger.ts';
import type { FirstSeenFile } from './first-seen-file.ts';
import type { PointMetrics } from './point-metrics.ts';

/** What a record passes on its way to the spool. */
export interface RecordTapOptions {
  readonly spool: RecordSink;
  readonly firstSeen: FirstSeenFile;
  readonly metrics: PointMetrics;
  readonly logger: Logger;
  readonly newId: NewId;
}

/**
 * A sink that counts every record and turns the first one of a (service, registrable domain, port) into an event, a metric and a line
 * in the log. Whether a record was kept is the spool's answer alone.
 */
export function createRecordTap(options: RecordTapOptions): RecordSink {
  const { spool, metrics, logger } = options;
  const domainOf = rememberingLast(domainOfHost);
  return {
    get isKeeping() {
      return spool.isKeeping;
    },
    write: (record) => {
      metrics.count(record);
      const isKept = spool.write(record);
      const first = firstSeenRecord(record, options, domainOf);
      if (first !== null) {
        metrics.count(first);
        spool.write(first);
        const { service, domain, port, verdict } = first;
        logger.info('first seen', { service, domain, port, verdict });
      }
      return isKept;
    },
  };
}

function firstSeenRecord(
  record: DecisionRecord,
  options: RecordTapOptions,
  domainOf: (host: string) => string,
): FirstSeenRecord | null {
  if (record.kind !== 'verdict' || record.principal === null || record.destination === null) return null;
  const { service } = record.principal;
  const { host, port } = record.destination;
  if (host === several) return null;
  const domain = domainOf(host);
  if (!options.firstSeen.isFirst({ service, domain, port })) return null;
  const { flow, time, verdict } = record;
  return { kind: 'first-seen', id: options.newId(Date.parse(record.time)), flow, time, service, domain, port, verdict };
}

// An address, or a name without a registrable part, stands for itself.
function domainOfHost(host: string): string {
  const parsed = parseWireHost(host);
  return (parsed.ok && parsed.value.kind === 'name' ? registrableDomain(parsed.value.name) : null) ?? host;
}

// Records of one host come in rows, most of all when its flows are cut by the thousand.
function rememberingLast(answer: (text: string) => string): (text: string) => string {
  let last: { readonly text: string; readonly answer: string } | null = null;
  return (text) => {
    if (last?.text !== text) last = { text, answer: answer(text) };
    return last.answer;
  };
}
