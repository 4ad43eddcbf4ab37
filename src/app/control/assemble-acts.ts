import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Digest, ExeatError, type Result } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import { registrableDomain } from '../../destination/index.ts';
import { type ExceptionSpec, scopeDomainOf, statusOf } from '../../exceptions/index.ts';
import { defaultTiers, type ExceptionFacts, type Tiers } from '../../policy/index.ts';
import { createSigningKey, openPolicyHistory, type PolicyHistory } from '../../snapshot/index.ts';
import type { SqliteLedger } from '../../store/index.ts';
import { type AuditLog, keepAuditLog } from '../audit/keep-audit-log.ts';
import { type FiledClock, openFiledClock } from '../clock-file.ts';
import type { Logger } from '../logger.ts';
import { createNewId } from '../new-id.ts';
import type { StatePaths } from '../state-folder.ts';
import { pointName, startCloser } from './closer.ts';
import type { Readiness } from './console-listener.ts';
import { type ActDesk, createActDesk } from './desk/act-desk.ts';
import { openPendingActs } from './desk/pending-acts.ts';
import { loadStanding, type Standing } from './desk/standing.ts';
import { type FoundingLink, makeFoundingLinks } from './founding.ts';
import type { NearGrants } from './grant-usage.ts';
import { createGrantPublisher, type GrantPublisher } from './grant-publisher.ts';
import { startLearning } from './learn-break-glass.ts';
import { openControlLedger } from './open-control-ledger.ts';
import { keepPolicy, type PolicyKeeper } from './policy-keeper.ts';
import type { PolicyChangeNotice, PolicyOutcome } from './policy-outcome.ts';
import { startSealing } from './seal-spool.ts';
import { keepUsage, type UsageKeeper } from './usage-keeper.ts';

/** Everything of control that acts and remembers; nothing listens yet. */
export interface ControlActs {
  readonly clock: FiledClock;
  readonly ledger: SqliteLedger;
  readonly standing: Standing;
  readonly desk: ActDesk;
  readonly policy: PolicyKeeper;
  readonly history: PolicyHistory;
  readonly usage: UsageKeeper;
  readonly audit: AuditLog;
  readonly publisher: GrantPublisher;
  readonly digest: Digest;
  /** The founding links that this start made. */
  readonly founding: readonly FoundingLink[];
  factsOf(spec: Pick<ExceptionSpec, 'service' | 'to' | 'via'>): Promise<Result<ExceptionFacts>>;
  onPolicyOutcome(listener: (outcome: PolicyOutcome) => void): void;
  readiness(): Promise<Readiness>;
  problems(): readonly string[];
  close(): Promise<void>;
}

/** What it is assembled from. */
export interface AssembleActsOptions {
  readonly config: Config;
  readonly paths: StatePaths;
  readonly logger: Logger;
}

// What no time reaches any more is let go of so often.
const pruneMs = 60 * 60_000;

/** Assembles what acts, top to bottom. Throws an ExeatError with one line when it cannot start. */
export async function assembleActs({ config, paths, logger }: AssembleActsOptions): Promise<ControlActs> {
  const digest: Digest = (bytes) => createHash('sha256').update(bytes).digest();
  const clock = openFiledClock(join(paths.control, 'clock.json'), logger);
  const ledger = await openControlLedger(paths, logger);
  const standing = await loadStanding(ledger, clock.now());
  const pending = openPendingActs(join(paths.control, 'pending-acts.json'));
  for (const { views } of pending.acts) for (const view of views) standing.take([view], seqAt(standing, view));
  const audit = await openAudit(config, { paths, logger, ledger, clock });
  const states = (): ReturnType<Standing['exceptions']['values']> => standing.exceptions.values();
  const outcomes: ((outcome: PolicyOutcome) => void)[] = [];
  const policy: PolicyKeeper = keepPolicy({
    ...config,
    pointSocket: paths.pointSocket,
    logger,
    onOutcome: (outcome) => {
      for (const listener of outcomes) listener(outcome);
      // Who may sign, and how many, is the policy's to say.
      if (outcome.kind === 'written') publisher.publish();
    },
    onChange: (change) => notePolicy(desk, change),
  });
  const factsOf: ControlActs['factsOf'] = async ({ service, to, via }) => {
    const said = await policy.ask<{ readonly facts: ExceptionFacts }>({ kind: 'exception-facts', service, to, via });
    return said.ok ? { ok: true, value: said.value.facts } : said;
  };
  const publisher: GrantPublisher = createGrantPublisher({
    path: paths.grants,
    sequencePath: join(paths.control, 'grants.sequence'),
    pointSocket: paths.pointSocket,
    signingKey: await signingKey(paths),
    clock,
    logger,
    states,
    directory: () => standing.directory,
    tiers: () => readTiers(factsOf),
  });
  const desk: ActDesk = createActDesk({
    ...{ ledger, standing, pending, clock, digest, factsOf },
    points: () => ({ points: [pointName], sequence: publisher.sequence() }),
    auditTrouble: () => audit.status().lastError,
    onActed: (touchesGrants) => {
      void audit.write();
      if (touchesGrants) publisher.publish();
    },
  });
  await desk.settle();
  const learning = startLearning(desk);
  const usage = keepUsage(paths.spool, paths.control, {
    logger,
    nearGrants: nearGrants(standing, clock.now),
    onRecord: learning.take,
  });
  const founding = await makeFoundingLinks({ ledger, desk, clock, newId: createNewId() });
  publisher.publish();
  const closer = startCloser({ desk, clock, pointSocket: paths.pointSocket, states });
  const sealing = startSealing({ spool: paths.spool, ledger, desk, logger });
  const pruning = setInterval(() => standing.prune(clock.now()), pruneMs);
  const problems = (): readonly string[] => [
    ...policy.problems(),
    ...lines(desk.problem(), (why) => `the log of acts cannot be written, nothing is widened: ${why}`),
    ...lines(pending.acts.length === 0 ? null : pending.acts.length, (count) => `${count} acts in force are not written down yet`),
    ...lines(audit.status().lastError, (why) => `the audit log cannot be written, nothing is widened: ${why}`),
    ...audit.status().anchors.flatMap(({ anchor, lastError }) => lines(lastError, (why) => `anchor ${anchor}: ${why}`)),
    ...lines(publisher.problem(), (why) => why),
    ...lines(clock.problem(), (why) => why),
    ...overdue(standing, clock.now()),
  ];
  return {
    ...{ clock, ledger, standing, desk, policy, usage, audit, publisher, digest, founding, factsOf, problems },
    history: openPolicyHistory(paths.policy),
    onPolicyOutcome: (listener) => void outcomes.push(listener),
    readiness: async () => {
      const said = await policy.readiness();
      const all = [...new Set([...said.problems, ...problems()])];
      return { ...said, isReady: said.isReady && all.length === 0, problems: all };
    },
    close: async () => {
      clearInterval(pruning);
      closer.close();
      publisher.close();
      await Promise.all([sealing.close(), policy.close(), usage.close()]);
      await audit.close();
      await ledger.close();
      await clock.close();
    },
  };
}

async function openAudit(
  config: Config,
  parts: { readonly paths: StatePaths; readonly logger: Logger; readonly ledger: SqliteLedger; readonly clock: FiledClock },
): Promise<AuditLog> {
  const { paths, logger, ledger, clock } = parts;
  const kept = await keepAuditLog({ paths, leaves: ledger, anchors: config.audit.anchors, clock, logger });
  if (!kept.ok) throw new ExeatError(kept.fault.code, kept.fault.message);
  return kept.value;
}

async function signingKey(paths: StatePaths): Promise<Parameters<typeof createGrantPublisher>[0]['signingKey']> {
  const key = await createSigningKey(paths.keys);
  if (!key.ok) throw new ExeatError(key.fault.code, key.fault.message);
  return key.value.privateKey;
}

function seqAt(standing: Standing, view: { readonly kind: 'exception' | 'person' | 'token' | 'key'; readonly id: string }): number {
  return standing.seqOf(view.kind, view.id) ?? 0;
}

/** Notes a policy change before it is in force. What widens waits for the log, what narrows does not. */
async function notePolicy(desk: ActDesk, change: PolicyChangeNotice): Promise<string | null> {
  const { version, before, isWidening, added, removed, addedCount, removedCount } = change;
  const details = { version, before, isWidening, added, removed, addedCount, removedCount };
  const actor = { kind: 'system', part: 'policy' } as const;
  const noted = await desk.note([{ subject: 'policy', action: 'policy.changed', actor, details }], {
    mayWait: !isWidening,
  });
  return noted.ok ? null : `the policy widens and ${noted.fault.message}, what is in force stays`;
}

// Any question tells the tiers; without a policy nobody is let out, and the defaults say who may sign.
async function readTiers(factsOf: ControlActs['factsOf']): Promise<Tiers> {
  const facts = await factsOf({ service: '', to: 'tiers.example:443', via: [] });
  return facts.ok ? facts.value.tiers : defaultTiers;
}

function nearGrants(standing: Standing, now: () => number): NearGrants {
  return (service, host) => {
    const domain = registrableDomain(host) ?? host;
    return [...standing.exceptions.values()].flatMap((state) => {
      const spec = state.grant?.spec;
      const isNear = spec !== undefined && spec.service === service && scopeDomainOf(spec.to) === domain;
      return isNear && statusOf(state, now()).status === 'active' ? [state.id] : [];
    });
  };
}

function overdue(standing: Standing, nowMs: number): readonly string[] {
  const all = [...standing.exceptions.values()].map((state) => ({ state, ...statusOf(state, nowMs) }));
  const closing = all.filter(({ close }) => close === 'close_overdue').map(({ state }) => state.id);
  const reviews = all.filter(({ review }) => review === 'review_overdue').map(({ state }) => state.id);
  return [
    ...lines(closing.length === 0 ? null : closing, (ids) => `the end of ${idsText(ids)} is not confirmed by the point`),
    ...lines(reviews.length === 0 ? null : reviews, (ids) => `the review of ${idsText(ids)} is overdue`),
  ];
}

function idsText(ids: readonly string[]): string {
  return ids.length <= 3 ? ids.join(', ') : `${ids.slice(0, 3).join(', ')} and ${ids.length - 3} more`;
}

function lines<T>(what: T | null, say: (what: T) => string): readonly string[] {
  return what === null ? [] : [say(what)];
}
