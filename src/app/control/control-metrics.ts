import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { isLive, reportUsage, statusOf, summariseUsage, type UsageSummary } from '../../exceptions/index.ts';
import type { ControlActs } from './assemble-acts.ts';
import { sumDebt, toUsageRows } from './grant-usage.ts';
import type { PolicyOutcome } from './policy-outcome.ts';

/** Control's own metrics; the point's are added to them at `/metrics`. */
export interface ControlMetrics {
  count(outcome: PolicyOutcome): void;
  text(): Promise<string>;
}

/** What control's metrics are read from. */
export type MeasuredActs = Pick<ControlActs, 'usage' | 'standing' | 'clock' | 'audit' | 'ledger' | 'pendingCount'>;

/** Makes control's registry. */
export function createControlMetrics(acts: MeasuredActs): ControlMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'exeat_control_' });
  const registers = [registry];
  const looks = new Counter({
    name: 'exeat_control_policy_loads_total',
    help: 'Policies compiled or refused',
    labelNames: ['outcome'] as const,
    registers,
  });
  const faults = new Gauge({ name: 'exeat_control_policy_faults', help: 'Faults of the policy folder now', registers });
  const seconds = new Gauge({
    name: 'exeat_control_policy_load_seconds',
    help: 'How long the last load took',
    registers,
  });
  new Gauge({
    name: 'exeat_control_usage_edges',
    help: 'Edges (service, host, port) of the last 30 days',
    registers,
    collect() {
      this.set(acts.usage.current().edges.size);
    },
  });
  registerExceptions(registry, acts);
  registerAudit(registry, acts);
  return {
    count: (outcome) => {
      looks.inc({ outcome: outcome.kind });
      faults.set(outcome.kind === 'refused' ? outcome.faultCount : 0);
      if (outcome.kind === 'written') seconds.set(outcome.tookMs / 1_000);
    },
    text: () => registry.metrics(),
  };
}

function registerExceptions(registry: Registry, { standing, clock, usage }: MeasuredActs): void {
  new Gauge({
    name: 'exeat_exceptions',
    help: 'Exceptions that still matter, by status and tier',
    labelNames: ['status', 'tier'],
    registers: [registry],
    collect() {
      this.reset();
      for (const state of standing.exceptions.values()) {
        this.inc({ status: statusOf(state, clock.now()).status, tier: state.tier });
      }
    },
  });
  new Gauge({
    name: 'exeat_exception_reviews_overdue',
    help: 'Exceptions whose review is overdue',
    registers: [registry],
    collect() {
      const all = [...standing.exceptions.values()];
      this.set(all.filter((state) => statusOf(state, clock.now()).review === 'review_overdue').length);
    },
  });
  new Gauge({
    name: 'exeat_exceptions_unused',
    help: 'Active exceptions that nothing used yet',
    registers: [registry],
    collect() {
      const { uses } = usage.current().grants;
      const active = [...standing.exceptions.values()].filter(
        (state) => statusOf(state, clock.now()).status === 'active',
      );
      this.set(active.filter(({ id }) => !uses.has(id)).length);
    },
  });
  new Gauge({
    name: 'exeat_exception_findings',
    help: 'Grants of 90 days by what is notable about their use: unused, extended, repeated, nearly_permanent …',
    labelNames: ['finding'],
    registers: [registry],
    collect() {
      const { findings } = readSummary({ standing, clock, usage });
      for (const [finding, count] of Object.entries(findings)) this.set({ finding }, count);
    },
  });
  new Gauge({
    name: 'exeat_exception_approval_seconds',
    help: 'Median time from asking to approval of the exceptions that still matter; -1 without any',
    registers: [registry],
    collect() {
      const { medianApprovalMs } = readSummary({ standing, clock, usage });
      this.set(medianApprovalMs === null ? -1 : medianApprovalMs / 1_000);
    },
  });
  new Gauge({
    name: 'exeat_break_glass_active',
    help: 'Break-glass that is open now',
    registers: [registry],
    collect() {
      const all = [...standing.exceptions.values()];
      this.set(all.filter((state) => state.kind === 'break-glass' && isLive(state, clock.now())).length);
    },
  });
  new Gauge({
    name: 'exeat_exception_debt_share',
    help: 'Share of allowed connections of 30 days that only grants justified',
    registers: [registry],
    collect() {
      const { connections, grantConnections } = sumDebt(usage.current().grants, clock.now(), 30);
      this.set(connections === 0 ? 0 : grantConnections / connections);
    },
  });
}

function readSummary({ standing, clock, usage }: Pick<MeasuredActs, 'standing' | 'clock' | 'usage'>): UsageSummary {
  const states = [...standing.exceptions.values()];
  const nowMs = clock.now();
  const reports = reportUsage(states, toUsageRows(usage.current().grants), { directory: standing.directory, nowMs });
  return summariseUsage(states, reports, nowMs);
}

function registerAudit(registry: Registry, { audit, ledger, clock, pendingCount }: MeasuredActs): void {
  const gauge = (name: string, help: string, read: () => number | Promise<number>): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        this.set(await read());
      },
    });
  };
  gauge('exeat_audit_entries', 'Acts in the log', () => ledger.size());
  gauge('exeat_audit_pending_acts', 'Acts in force that are not written down yet', pendingCount);
  gauge('exeat_audit_checkpoint_age_seconds', 'Age of the last signed checkpoint', () => {
    const { writtenAtMs } = audit.status();
    return writtenAtMs === null ? -1 : Math.max(0, clock.now() - writtenAtMs) / 1_000;
  });
  gauge(
    'exeat_audit_unanchored_seconds',
    'How long ago an anchor last took a checkpoint; -1 without anchors or before the first',
    () => {
      const times = audit.status().anchors.flatMap(({ lastSuccessAtMs }) => lastSuccessAtMs ?? []);
      return times.length === 0 ? -1 : Math.max(0, clock.now() - Math.max(...times)) / 1_000;
    },
  );
}
