import { failed, fault, ok, type Result } from '../../base/index.ts';
import { reasons, requestableReasons, several, type VerdictRecord } from '../../policy/index.ts';
import type { Answered, Handlers } from '../call.ts';
import type {
  DecisionQuery,
  DecisionRow,
  DecisionRule,
  Endpoints,
  ExplainedDecision,
  Page,
} from '../contract/index.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import type { ApiPorts, ToldRule } from './api-ports.ts';
import { matchDecisions, toDecisionRow } from './decision-row.ts';

/** The handlers of decisions. They read what the points recorded, and judge nothing but explanations. */
export function decisionRoutes(ports: ApiPorts): Pick<Handlers<Endpoints>, 'listDecisions' | 'showDecision'> {
  return {
    listDecisions: ({ query }) => listDecisions(ports, query),
    showDecision: ({ params }) => showDecision(ports, params.id),
  };
}

async function listDecisions(ports: ApiPorts, query: DecisionQuery): Promise<Result<Answered<Page<DecisionRow>>>> {
  const { limit, cursor, ...filter } = query;
  const list = JSON.stringify(filter);
  const before = readCursor(list, cursor);
  if (!before.ok) return before;
  const matcher = matchDecisions(filter);
  if (!matcher.ok) return matcher;
  const { isLikely, isWanted } = matcher.value;
  const [sinceMs, untilMs] = [filter.since, filter.until].map((at) => (at === undefined ? null : Date.parse(at)));
  const items: DecisionRow[] = [];
  const next = await ports.decisions.search({
    before: before.value,
    isLikely,
    take: (record) => {
      if (record.kind !== 'verdict') return true;
      const atMs = Date.parse(record.time);
      // Records are in the order of writing, which is nearly that of their time.
      if (sinceMs != null && atMs < sinceMs - orderSlackMs) return 'end';
      if ((sinceMs != null && atMs < sinceMs) || (untilMs != null && atMs > untilMs)) return true;
      const row = toDecisionRow(record);
      if (isWanted(row)) items.push(row);
      return items.length < limit;
    },
  });
  return ok({ body: { items, next: next === null ? null : writeCursor(list, next) } });
}

// Counted denials are written when their window ends, up to a minute late.
const orderSlackMs = 120_000;

async function showDecision(ports: ApiPorts, id: string): Promise<Result<Answered<ExplainedDecision>>> {
  const record = await ports.decisions.find(id);
  if (record === null) return failed(fault('not_found', 'no decision of this id is kept, it may be too old'));
  const told = await ports.decisions.explain(record);
  const meaning = reasons[record.reason];
  return ok({
    body: {
      decision: toDecisionRow(record),
      says: meaning.says,
      mend: meaning.mend,
      matched: told.ok ? told.value.matched.map((rule) => toRule(rule, null)) : [],
      misses: told.ok ? told.value.misses.map((rule) => toRule(rule, rule.why)) : [],
      change: told.ok && record.verdict === 'deny' ? told.value.mend : null,
      missing: told.ok ? null : told.fault.message,
      requestable: await findRequestable(ports, record),
    },
  });
}

function toRule({ id, list, to, reason, file, line }: ToldRule, why: string | null): DecisionRule {
  return { id, list, to, reason, at: `${file}:${line}`, why };
}

async function findRequestable(ports: ApiPorts, record: VerdictRecord): Promise<ExplainedDecision['requestable']> {
  const { destination, principal, verdict, wouldDeny, wouldDenyReason } = record;
  const reason = wouldDeny ? wouldDenyReason : record.reason;
  const isDenial = verdict === 'deny' || wouldDeny;
  if (!isDenial || reason === null || !requestableReasons.has(reason)) return null;
  if (principal === null || destination === null || destination.host === several) return null;
  const { host, port, protocol } = destination;
  const scheme = protocol === null || protocol === 'tls' ? '' : `${protocol}://`;
  const to = `${scheme}${host.includes(':') ? `[${host}]` : host}:${port ?? 443}`;
  const facts = await ports.factsOf({ service: principal.service, to, via: [] });
  return { service: principal.service, to, owner: facts.ok ? (facts.value.service?.owner ?? null) : null };
}
