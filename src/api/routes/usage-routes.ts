import { failed, fault, ok, type Result } from '../../base/index.ts';
import {
  capWindowMs,
  type ExceptionState,
  endOf,
  exceptionDebt,
  exceptionOf,
  type GrantUsage,
  openSpanOf,
  reportUsage,
  statusOf,
  summariseUsage,
  type UsageReport,
} from '../../exceptions/index.ts';
import type { Answered, Handlers } from '../call.ts';
import type { Endpoints, ExceptionQuery, Page, SummaryAnswer, UsageAnswer } from '../contract/index.ts';
import type { ApiPorts } from './api-ports.ts';
import { findState } from './exception-routes.ts';
import { instant, instantOrNull } from './instants.ts';
import { scanStates } from './scan-states.ts';

/** The handlers of usage. */
export function usageRoutes(
  ports: ApiPorts,
): Pick<Handlers<Endpoints>, 'exceptionUsage' | 'listExceptionUsage' | 'summariseExceptions'> {
  return {
    exceptionUsage: async ({ params }) => {
      const state = await findState(ports, params.id);
      if (state?.grant == null) return failed(fault('not_found', 'nothing was granted under this id'));
      const [report] = reportOn(ports, [state]);
      return report === undefined ? failed(fault('not_found', 'it has no use')) : ok({ body: report });
    },
    listExceptionUsage: ({ query }) => listUsage(ports, query),
    summariseExceptions: async () => ok({ body: await summarise(ports) }),
  };
}

async function listUsage(ports: ApiPorts, query: ExceptionQuery): Promise<Result<Answered<Page<UsageAnswer>>>> {
  const found = await scanStates(ports, query);
  if (!found.ok) return found;
  const granted = found.value.states.filter(({ grant }) => grant !== null);
  return ok({ body: { items: reportOn(ports, granted), next: found.value.next } });
}

/** Reports of the states that are asked for, judged beside everything of the last 90 days. */
function reportOn(ports: ApiPorts, states: readonly ExceptionState[]): readonly UsageAnswer[] {
  const nowMs = ports.clock.now();
  const world = { directory: ports.directory(), nowMs };
  const all = new Map([...ports.exceptions(), ...states.map((state) => [state.id, state] as const)]);
  const reports = new Map(reportUsage([...all.values()], ports.grantUsage(), world).map((one) => [one.id, one]));
  return states.flatMap((state) => {
    const report = reports.get(state.id);
    return report === undefined ? [] : [toAnswer(state, report, nowMs)];
  });
}

function toAnswer(state: ExceptionState, report: UsageReport, nowMs: number): UsageAnswer {
  const { usage } = report;
  const span = openSpanOf(state);
  const spec = state.grant?.spec ?? state.spec;
  return {
    id: state.id,
    service: spec.service,
    to: spec.to,
    owner: spec.owner,
    status: statusOf(state, nowMs).status,
    connections: usage?.connections ?? 0,
    bytesUp: usage?.bytesUp ?? 0,
    bytesDown: usage?.bytesDown ?? 0,
    firstUse: instantOrNull(usage?.firstUsedMs ?? null),
    lastUse: instantOrNull(usage?.lastUsedMs ?? null),
    hoursUsed: round((report.minutesUsed ?? 0) / 60),
    hoursGranted: span === null ? 0 : round((span.untilMs - span.fromMs) / 3_600_000),
    denialsJustOutside: usage?.nearMisses ?? 0,
    observedSince: instant(usage?.sinceMs ?? nowMs),
    findings: [...report.findings, ...(report.advice === null ? [] : [report.advice])],
  };
}

function round(hours: number): number {
  return Math.round(hours * 100) / 100;
}

async function summarise(ports: ApiPorts): Promise<SummaryAnswer> {
  const nowMs = ports.clock.now();
  const states = await recentStates(ports, nowMs);
  const rows: ReadonlyMap<string, GrantUsage> = ports.grantUsage();
  const reports = reportUsage(states, rows, { directory: ports.directory(), nowMs });
  const summary = summariseUsage(states, reports, nowMs);
  const { all, byGrantOnly } = ports.traffic();
  const debt = exceptionDebt(all, byGrantOnly);
  const ended = states.filter((state) => (endOf(state) ?? Number.POSITIVE_INFINITY) <= nowMs);
  const endedIds = new Set(ended.map(({ id }) => id));
  const named = (finding: UsageReport['findings'][number]): readonly string[] =>
    reports.flatMap(({ id, findings }) => (findings.includes(finding) ? [id] : []));
  return {
    active: summary.active,
    pending: summary.pending,
    ended: ended.length,
    unusedAtEnd: named('unused').filter((id) => endedIds.has(id)).length,
    extendedTwice: named('extended').length,
    nearlyPermanent: named('nearly_permanent'),
    repeated: named('repeated'),
    samePairs: named('same_pair'),
    medianSecondsToApproval: summary.medianApprovalMs === null ? null : summary.medianApprovalMs / 1_000,
    approvedWithinAMinute: named('approved_at_once').length,
    reviewsOverdue: summary.reviewOverdue,
    breakGlass: summary.breakGlass,
    connectionShare: debt.connections,
    byteShare: debt.bytes,
  };
}

// Past it the summary is of the newest; a house with more exceptions than that in 90 days has another problem.
const mostSummarised = 20_000;

async function recentStates(ports: ApiPorts, nowMs: number): Promise<readonly ExceptionState[]> {
  const states = new Map(ports.exceptions());
  let after: string | null = null;
  while (states.size < mostSummarised) {
    const views = await ports.ledger.views({
      kind: 'exception',
      sinceMs: nowMs - capWindowMs,
      order: 'newest',
      after,
      most: 500,
    });
    for (const view of views) if (!states.has(view.id)) states.set(view.id, exceptionOf(view));
    after = views.at(-1)?.id ?? null;
    if (views.length < 500) break;
  }
  return [...states.values()];
}
