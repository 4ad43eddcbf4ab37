import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Clock } from '../../base/index.ts';
import type { ResolverCounts } from '../../dns/index.ts';
import { type CompiledPolicy, type DecisionRecord, type VerdictRecord, verdictCount } from '../../policy/index.ts';
import type { SpoolCounts } from '../../spool/index.ts';
import { createBoundedLabel } from '../bounded-label.ts';
import type { GatewayStatus, LeaseSourceStatus } from '../status.ts';
import { type DnsReadings, registerDnsMetrics } from './dns-metrics.ts';
import { registerGatewayMetrics } from './gateway-metrics.ts';
import { registerLeaseMetrics } from './leases/lease-metrics.ts';
import { createListenerMetrics, type ListenerMetrics } from './listener-metrics.ts';
import { createTally } from './tally.ts';

/** The point's metrics. Labels are closed sets, or bounded. */
export interface PointMetrics extends ListenerMetrics {
  count(record: DecisionRecord): void;
  /** Registers the metrics of a gateway: a point without one has none of them. */
  watchGateway(status: () => GatewayStatus): void;
  /** Registers the metrics of sources of leases. */
  watchLeases(status: () => readonly LeaseSourceStatus[], clock: Clock): void;
  text(): Promise<string>;
}

/** What is read at each scrape. */
export interface PointReadings {
  readonly spool: () => SpoolCounts;
  readonly isKeeping: () => boolean;
  readonly policy: () => CompiledPolicy | null;
  readonly openConnections: () => number;
  /** What moves the bytes, and in how many threads beside the one that decides. */
  readonly transport: { readonly name: string; readonly threads: number };
  readonly firstSeenOverflowed: () => number;
  readonly trustProblems: () => number;
  readonly resolver: () => ResolverCounts;
  readonly dns: () => DnsReadings;
  readonly grants: () => number;
  readonly grantsSpent: () => number;
  readonly clockJumpMs: () => number;
}

// A thousand services on one dashboard are past reading; the records hold the rest.
const maxServiceLabels = 500;

/** Makes the point's registry. */
export function createPointMetrics(readings: PointReadings): PointMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'exeat_point_' });
  const decisions = createTally(registry, {
    name: 'exeat_decisions_total',
    help: 'Verdicts by what was decided and why',
    labelNames: ['verdict', 'reason', 'would_deny', 'mode', 'strength', 'stage'],
  });
  const services = createTally(registry, {
    name: 'exeat_service_decisions_total',
    help: 'Verdicts by service; past 500 services they are counted as other',
    labelNames: ['service', 'verdict'],
  });
  const firstSeen = createTally(registry, {
    name: 'exeat_first_seen_total',
    help: 'First times that a service reached for a registrable domain and port',
    labelNames: ['verdict'],
  });
  const bytes = createTally(registry, {
    name: 'exeat_relayed_bytes_total',
    help: 'Bytes relayed by connections that ended',
    labelNames: ['direction'],
  });
  const ended = createTally(registry, {
    name: 'exeat_connections_ended_total',
    help: 'Connections that ended, by who or what ended them',
    labelNames: ['ended_by', 'failure'],
  });
  const brokenGlass = createTally(registry, {
    name: 'exeat_break_glass_total',
    help: 'Break-glass grants that this point took without control',
    labelNames: [],
  });
  const coalesced = createTally(registry, {
    name: 'exeat_records_coalesced_total',
    help: 'Denials that were counted in the `repeats` of a record rather than written one by one',
    labelNames: [],
  });
  const label = createBoundedLabel(maxServiceLabels);
  const countVerdict = (record: VerdictRecord): void => {
    const { verdict, reason, wouldDeny, mode = 'none', stage, principal } = record;
    const count = verdictCount(record);
    decisions([verdict, reason, String(wouldDeny), mode, principal?.strength ?? 'none', stage], count);
    services([label(principal?.service ?? 'none'), verdict], count);
    if (record.repeats !== undefined) coalesced([], record.repeats);
  };
  registerReadings(registry, readings);
  return {
    ...createListenerMetrics(registry),
    count: (record) => {
      if (record.kind === 'verdict') countVerdict(record);
      if (record.kind === 'first-seen') firstSeen([record.verdict]);
      if (record.kind === 'break-glass') brokenGlass([]);
      if (record.kind !== 'close') return;
      bytes(['up'], record.bytesUp);
      bytes(['down'], record.bytesDown);
      ended([record.endedBy, record.failure ?? 'none']);
    },
    watchGateway: (status) => registerGatewayMetrics(registry, status),
    watchLeases: (status, clock) => registerLeaseMetrics(registry, { status, clock }),
    text: () => registry.metrics(),
  };
}

function registerReadings(registry: Registry, readings: PointReadings): void {
  registerDnsMetrics(registry, readings.dns);
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
  gauge(
    'exeat_first_seen_overflowed',
    'Sightings that a bound kept from being told apart since the point started',
    readings.firstSeenOverflowed,
  );
  gauge('exeat_connections_open', 'Connections open now', readings.openConnections);
  new Gauge({
    name: 'exeat_transport_info',
    help: 'What moves the bytes: 1 for the driver at work, with its threads',
    labelNames: ['driver', 'threads'],
    registers: [registry],
  }).set({ driver: readings.transport.name, threads: String(readings.transport.threads) }, 1);
  gauge('exeat_trust_problems', 'Things that are wrong with trust material now', readings.trustProblems);
  gauge(
    'exeat_resolver_failures',
    'Names that could not be resolved since the point started',
    () => readings.resolver().failed,
  );
  gauge('exeat_resolver_in_flight', 'Names being resolved now', () => readings.resolver().inFlight);
  gauge('exeat_grants', 'Grants that the point knows, live or not', readings.grants);
  gauge('exeat_grants_spent', 'Grants whose budget of bytes is spent', readings.grantsSpent);
  gauge(
    'exeat_clock_jump_seconds',
    'How far the wall clock is ahead of kept time, or behind it (negative)',
    () => readings.clockJumpMs() / 1_000,
  );
  gauge('exeat_policy_loaded', 'Whether a good policy is in force', () => (readings.policy() === null ? 0 : 1));
  gauge('exeat_policy_rules', 'Rules in force', () => readings.policy()?.ruleCount ?? 0);
  gauge('exeat_policy_services', 'Services in force', () => readings.policy()?.serviceCount ?? 0);
  gauge('exeat_records_keeping', 'Whether records are being kept', () => (readings.isKeeping() ? 1 : 0));
  gauge('exeat_records_written', 'Records written since the point started', () => readings.spool().written);
  gauge('exeat_records_lost', 'Records lost since the point started', () => readings.spool().lost);
  gauge('exeat_records_bytes', 'Bytes that records take on disk', () => readings.spool().bytes);
  gauge('exeat_records_removed_files', 'Record files removed by the disk budget', () => readings.spool().removedFiles);
}
