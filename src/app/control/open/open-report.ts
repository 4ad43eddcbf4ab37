import type { OpenAnswer, OpeningAnswer, OpenQuery } from '../../../api/contract/index.ts';
import { type Clock, failed, fault, ok, type Result } from '../../../base/index.ts';
import { type Destination, parsePolicyTarget, targetCovers } from '../../../destination/index.ts';
import { canWiden, type Directory, type ExceptionState, type Ledger } from '../../../exceptions/index.ts';
import type { PolicyOpening, PolicyOpenings } from '../../../policy/index.ts';
import type { PolicyHistory } from '../../../snapshot/index.ts';
import { sumDebt } from '../grant-usage.ts';
import type { PolicyQuestion } from '../policy-outcome.ts';
import type { Usage } from '../usage.ts';
import { parseTo } from './parse-to.ts';
import { isOpen, openStatesAt } from './past-states.ts';

/** What the report is made from. */
export interface OpenReportOptions {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly history: PolicyHistory;
  readonly exceptions: () => ReadonlyMap<string, ExceptionState>;
  readonly directory: () => Directory;
  readonly usage: () => Usage;
  readonly askPolicy: <T>(question: PolicyQuestion) => Promise<Result<T>>;
  /** What the configuration itself opens: loopback pairs, a parent proxy, the servers that names are asked of. */
  readonly configured: readonly { readonly kind: string; readonly to: string; readonly note: string }[];
}

/** What was asked, read. */
interface Asked {
  readonly service: string | null;
  readonly owner: string | null;
  readonly destinations: readonly Destination[] | null;
  readonly atMs: number;
  readonly knownMs: number;
  readonly isNow: boolean;
}

const mostOpenings = 10_000;
const debtDays = 30;

/**
 * Answers "who has what open", now or at any time: by what was in force then, and what was known then. Faults: `authority_malformed`,
 * `time_ahead`, `policy_busy`, `policy_not_kept`.
 */
export async function reportOpen(options: OpenReportOptions, query: OpenQuery): Promise<Result<OpenAnswer>> {
  const usage = options.usage();
  const to = query.to === undefined ? null : parseTo(query.to, usage);
  if (to !== null && !to.ok) return to;
  const asked = readQuery(query, to?.value.destinations ?? null, options.clock.now());
  if (asked.atMs > options.clock.now()) return failed(fault('time_ahead', 'nobody knows yet what will be open then'));
  const inForce = options.history.whatWasInForceAt(asked.atMs);
  const rules = await readRules(options, asked, inForce?.policyVersion ?? null);
  if (!rules.ok) return rules;
  const states = await readStates(options, asked);
  const openings = [
    ...rules.value.openings,
    ...states.map((state) => grantOpening(state, usage)),
    ...tokenOpenings(options.directory(), asked),
    ...configuredOpenings(options, asked),
  ];
  const { connections, grantConnections, bytes, grantBytes } = sumDebt(usage.grants, options.clock.now(), debtDays);
  return ok({
    at: instant(asked.atMs),
    asRecorded: instant(asked.knownMs),
    policyVersion: inForce?.policyVersion ?? null,
    openings: openings.slice(0, mostOpenings),
    leftOut: rules.value.leftOut + Math.max(0, openings.length - mostOpenings),
    debt: { days: debtDays, connections, grantConnections, bytes, grantBytes },
    notes: notesOf(asked, { hasPolicy: inForce !== null, names: to?.value.names ?? [] }),
  });
}

function readQuery(query: OpenQuery, destinations: readonly Destination[] | null, nowMs: number): Asked {
  const atMs = query.at === undefined ? nowMs : Date.parse(query.at);
  const knownMs = query.asRecorded === undefined ? nowMs : Date.parse(query.asRecorded);
  return {
    service: query.service ?? null,
    owner: query.owner ?? null,
    destinations,
    atMs,
    knownMs,
    isNow: query.at === undefined && query.asRecorded === undefined,
  };
}

interface RuleOpenings {
  readonly openings: readonly OpeningAnswer[];
  readonly leftOut: number;
}

async function readRules(
  options: OpenReportOptions,
  asked: Asked,
  policyVersion: string | null,
): Promise<Result<RuleOpenings>> {
  if (policyVersion === null) return ok({ openings: [], leftOut: 0 });
  const { service, owner, destinations, atMs } = asked;
  const query = { service, owner, destinations, nowMs: atMs, most: mostOpenings };
  const listed = await options.askPolicy<PolicyOpenings>({ kind: 'openings', policyVersion, query });
  if (!listed.ok) return listed;
  const since = options.history.rulesSince(atMs);
  const lastUses = options.usage().rules;
  const openings = listed.value.openings.map((opening) =>
    ruleOpening(opening, { sinceMs: since.get(opening.id) ?? null, lastMs: lastUses.get(opening.id) ?? null, asked }),
  );
  return ok({ openings, leftOut: listed.value.leftOut });
}

function ruleOpening(
  opening: PolicyOpening,
  found: { readonly sinceMs: number | null; readonly lastMs: number | null; readonly asked: Asked },
): OpeningAnswer {
  const { kind, id, service, identities, to, via, owner, reason, at, untilMs } = opening;
  const isLater = found.lastMs !== null && found.lastMs > found.asked.atMs;
  return {
    ...{ kind, id, service, identities, to, owner, reason },
    // Policy files apply as they are read: who changed them, the history of the files knows.
    approvedBy: [],
    since: instantOrNull(found.sinceMs),
    until: instantOrNull(untilMs),
    lastUsed: isLater ? null : instantOrNull(found.lastMs),
    from: `${at.file}:${at.line}`,
    note: via.length === 0 ? null : `via ${via.join(', ')}`,
  };
}

async function readStates(options: OpenReportOptions, asked: Asked): Promise<readonly ExceptionState[]> {
  const states = asked.isNow
    ? [...options.exceptions().values()].filter((state) => isOpen(state, asked.atMs))
    : await openStatesAt(options.ledger, asked);
  return states.filter(({ grant, spec }) => {
    const { service, owner, to } = grant?.spec ?? spec;
    if (asked.service !== null && asked.service !== service) return false;
    if (asked.owner !== null && asked.owner !== owner) return false;
    return covers(to, asked.destinations);
  });
}

function covers(to: string, destinations: readonly Destination[] | null): boolean {
  if (destinations === null) return true;
  const target = parsePolicyTarget(to);
  return target.ok && destinations.some((destination) => targetCovers(target.value, destination));
}

/** A bound as people wrote it, `1 GiB`: in the largest unit that says it to the byte. */
function capText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = units.findLastIndex((_, at) => bytes > 0 && bytes % 1024 ** at === 0);
  return power < 1 ? `${bytes} bytes` : `${bytes / 1024 ** power} ${units[power]}`;
}

function grantOpening(state: ExceptionState, usage: Usage): OpeningAnswer {
  const { grant, spec: asked, id, kind } = state;
  const spec = grant?.spec ?? asked;
  const caps = [
    ...(spec.bytesUp === null ? [] : [`at most ${capText(spec.bytesUp)} up`]),
    ...(spec.bytesDown === null ? [] : [`at most ${capText(spec.bytesDown)} down`]),
    ...(spec.via.length === 0 ? [] : [`via ${spec.via.join(', ')}`]),
  ];
  return {
    kind: kind === 'exception' ? 'grant' : kind,
    id,
    service: spec.service,
    identities: spec.identity === null ? [] : [spec.identity],
    to: spec.to,
    owner: spec.owner,
    reason: spec.reason,
    approvedBy: grant?.approvers ?? [],
    since: instantOrNull(grant?.notBeforeMs ?? null),
    until: instantOrNull(grant?.notAfterMs ?? null),
    lastUsed: instantOrNull(usage.grants.uses.get(id)?.lastUseMs ?? null),
    from: `exception ${id} of ${state.requester}`,
    note: caps.length === 0 ? null : caps.join(', '),
  };
}

/** Tokens that can widen are openings of another kind: whoever has one can open more. They belong to no service or destination. */
function tokenOpenings({ tokens }: Directory, asked: Asked): readonly OpeningAnswer[] {
  if (asked.service !== null || asked.owner !== null || asked.destinations !== null) return [];
  return [...tokens.values()].flatMap((token): readonly OpeningAnswer[] => {
    const { id, person, name, scopes, createdAtMs, expiresAtMs, revokedAtMs, createdBy } = token;
    const endMs = Math.min(expiresAtMs, revokedAtMs ?? expiresAtMs);
    if (!canWiden(token) || createdAtMs > asked.atMs || endMs <= asked.atMs) return [];
    return [
      {
        ...{ kind: 'token', id, service: null, identities: [person], to: '*', owner: person, reason: name },
        approvedBy: createdBy === null ? [] : [createdBy],
        since: instant(createdAtMs),
        until: instant(endMs),
        lastUsed: null,
        from: null,
        note: `can widen: ${scopes.join(', ')}`,
      },
    ];
  });
}

function configuredOpenings({ configured }: OpenReportOptions, asked: Asked): readonly OpeningAnswer[] {
  if (asked.service !== null || asked.owner !== null) return [];
  return configured.map(({ kind, to, note }) => ({
    ...{ kind, id: `${kind}/${to}`, service: null, identities: [], to, owner: null, reason: null, approvedBy: [] },
    ...{ since: null, until: null, lastUsed: null, from: 'exeat.yaml', note },
  }));
}

function notesOf(
  asked: Asked,
  known: { readonly hasPolicy: boolean; readonly names: readonly string[] },
): readonly string[] {
  return [
    ...(known.hasPolicy ? [] : ['no policy was in force then: everything was denied']),
    ...(asked.isNow ? [] : ['what the configuration opens is as of now, its past is not kept']),
    ...(known.names.length === 0
      ? []
      : [`the address was dialled under ${known.names.length} names: ${known.names.slice(0, 10).join(', ')}`]),
    ...(asked.destinations === null
      ? []
      : ['names that were never dialled at this address are not known to lead to it']),
    'rules apply as policy files are read: who approved them is in the history of the files',
  ];
}

function instant(ms: number): string {
  return new Date(Math.min(ms, 8.64e15)).toISOString();
}

function instantOrNull(ms: number | null): string | null {
  return ms === null ? null : instant(ms);
}
