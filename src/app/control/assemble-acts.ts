import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Digest, ExeatError, type Result } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import { registrableDomain } from '../../destination/index.ts';
import { type ExceptionSpec, type ExceptionState, statusOf } from '../../exceptions/index.ts';
import type { ExceptionFacts } from '../../policy/index.ts';
import { createSigningKey, openPolicyHistory, type PolicyHistory, type SigningKey } from '../../snapshot/index.ts';
import type { SqliteLedger } from '../../store/index.ts';
import { type AuditLog, keepAuditLog } from '../audit/keep-audit-log.ts';
import { type FiledClock, openFiledClock } from '../clock-file.ts';
import type { Logger } from '../logger.ts';
import { createNewId } from '../new-id.ts';
import type { StatePaths } from '../state-folder.ts';
import { pointName, startCloser } from './closer.ts';
import type { Readiness } from './console-listener.ts';
import { findBreakGlass, findProblems } from './control-problems.ts';
import { type ActDesk, createActDesk } from './desk/act-desk.ts';
import { openPendingActs, type PendingActs } from './desk/pending-acts.ts';
import { restorePending } from './desk/pending-once.ts';
import { loadStanding, type Standing } from './desk/standing.ts';
import { type FoundingLink, makeFoundingLinks } from './founding.ts';
import { createGrantPublisher, type GrantPublisher } from './grant-publisher.ts';
import type { NearGrants } from './grant-usage.ts';
import { startLearning } from './learn-break-glass.ts';
import { keepOfflineQuorum, type OfflineQuorum } from './offline-quorum.ts';
import { openControlLedger } from './open-control-ledger.ts';
import { keepPolicy, type PolicyKeeper } from './policy-keeper.ts';
import type { PolicyChangeNotice, PolicyOutcome } from './policy-outcome.ts';
import { startSealing } from './seal-spool.ts';
import { keepTraffic, type TrafficKeeper } from './traffic/keep-traffic.ts';
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
  readonly traffic: TrafficKeeper;
  readonly audit: AuditLog;
  readonly publisher: GrantPublisher;
  readonly digest: Digest;
  /** The founding links that this start made. */
  readonly founding: readonly FoundingLink[];
  factsOf(spec: Pick<ExceptionSpec, 'service' | 'to' | 'via'>): Promise<Result<ExceptionFacts>>;
  onPolicyOutcome(listener: (outcome: PolicyOutcome) => void): void;
  readiness(): Promise<Readiness>;
  problems(): readonly string[];
  /** What nobody needs to mend and everybody should know: break-glass that is open. */
  notices(): readonly string[];
  /** Acts in force that are not written down yet. */
  pendingCount(): number;
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
export async function assembleActs(options: AssembleActsOptions): Promise<ControlActs> {
  const { config, paths, logger } = options;
  const digest: Digest = (bytes) => createHash('sha256').update(bytes).digest();
  const stores = await openStores(options);
  const { clock, ledger, standing, pending, audit } = stores;
  const outcomes: ((outcome: PolicyOutcome) => void)[] = [];
  let notedVersion: string | null = null;
  const factsOf = createFactsOf(() => policy);
  const key = await openKey(paths);
  const quorum = await keepOfflineQuorum({ grantsPath: paths.grants, publicKey: key.publicKey, factsOf });
  // From here to the desk nothing is waited for: the policy may be compiled at any moment, and who is told of it must be there.
  const policy: PolicyKeeper = keepPolicy({
    ...config,
    pointSocket: paths.pointSocket,
    logger,
    onOutcome: (outcome) => {
      for (const listener of outcomes) listener(outcome);
      // Noted, and then not put in force after all: what is in force is the one before.
      if (outcome.kind === 'refused') notedVersion = null;
      // Who may sign, and how many, is the policy's to say.
      if (outcome.kind === 'written') quorum.renew(publisher.publish);
    },
    onChange: async (change) => {
      const refusal = await notePolicy(desk, change);
      if (refusal === null) notedVersion = change.version;
      return refusal;
    },
  });
  const publisher = openPublisher(options, stores, { key, quorum });
  const desk: ActDesk = createActDesk({
    ...{ ledger, standing, pending, clock, digest, factsOf },
    points: () => ({ points: [pointName], sequence: publisher.sequence() }),
    policyVersion: () => notedVersion,
    auditTrouble: () => audit.status().lastError,
    inForce: publisher.inForce,
    onDone: (kind, id, actor) => {
      if (kind === 'declare' || kind === 'learn') logger.error('BREAK-GLASS', { exception: id, ...actor });
    },
    onActed: (touchesGrants) => {
      if (touchesGrants) publisher.publish();
      // The point first: hashing the leaves of ten thousand ends would hold up what they end.
      void publisher.inForce().then(audit.write);
    },
  });
  await desk.recover();
  const usage = keepUsage(paths.spool, paths.control, {
    logger,
    nearGrants: nearGrants(standing, clock.now),
    onRecord: startLearning(desk).take,
  });
  const traffic = keepTraffic({ spool: paths.spool, path: join(paths.control, 'traffic.db'), clock, logger });
  const founding = await makeFoundingLinks({ ledger, desk, clock, newId: createNewId() });
  publisher.publish();
  const chores = startChores(options, stores, desk);
  const problems = (): readonly string[] => findProblems({ policy, desk, pending, audit, publisher, clock, standing });
  return {
    ...{ clock, ledger, standing, desk, policy, usage, traffic, audit, publisher, digest, founding, factsOf, problems },
    history: openPolicyHistory(paths.policy),
    pendingCount: () => pending.acts.length,
    notices: () => findBreakGlass(standing, clock.now()),
    onPolicyOutcome: (listener) => void outcomes.push(listener),
    readiness: () => readAll(policy, problems),
    close: async () => {
      publisher.close();
      await Promise.all([chores.close(), policy.close(), usage.close(), traffic.close()]);
      await audit.close();
      await ledger.close();
      await clock.close();
    },
  };
}

function createFactsOf(policy: () => PolicyKeeper): ControlActs['factsOf'] {
  return async ({ service, to, via }) => {
    const question = { kind: 'exception-facts', service, to, via } as const;
    const said = await policy().ask<{ readonly facts: ExceptionFacts }>(question);
    return said.ok ? { ok: true, value: said.value.facts } : said;
  };
}

async function readAll(policy: PolicyKeeper, problems: () => readonly string[]): Promise<Readiness> {
  const said = await policy.readiness();
  const all = [...new Set([...said.problems, ...problems()])];
  return { ...said, isReady: said.isReady && all.length === 0, problems: all };
}

/** What is on disk and at hand, before anybody acts. */
interface Stores {
  readonly clock: FiledClock;
  readonly ledger: SqliteLedger;
  readonly standing: Standing;
  readonly pending: PendingActs;
  readonly audit: AuditLog;
}

async function openStores({ config, paths, logger }: AssembleActsOptions): Promise<Stores> {
  const clock = openFiledClock(join(paths.control, 'clock.json'), logger);
  const ledger = await openControlLedger(paths, logger);
  const standing = await loadStanding(ledger, clock.now());
  const pending = openPendingActs(join(paths.control, 'pending-acts.json'));
  await restorePending({ ledger, standing, pending }, clock.now());
  const audit = await openAudit(config, { paths, logger, ledger, clock });
  return { clock, ledger, standing, pending, audit };
}

async function openKey({ keys }: StatePaths): Promise<SigningKey> {
  const key = await createSigningKey(keys);
  if (!key.ok) throw new ExeatError(key.fault.code, key.fault.message);
  return key.value;
}

function openPublisher(
  { paths, logger }: AssembleActsOptions,
  { clock, standing }: Stores,
  { key, quorum }: { readonly key: SigningKey; readonly quorum: OfflineQuorum },
): GrantPublisher {
  return createGrantPublisher({
    path: paths.grants,
    sequencePath: join(paths.control, 'grants.sequence'),
    pointSocket: paths.pointSocket,
    signingKey: key.privateKey,
    clock,
    logger,
    states: () => standing.exceptions.values(),
    directory: () => standing.directory,
    quorum: quorum.current,
  });
}

/** What goes on by itself: closing what is over, sealing records, letting go of what no time reaches any more. */
function startChores(
  { paths, logger }: AssembleActsOptions,
  { clock, ledger, standing }: Stores,
  desk: ActDesk,
): { close(): Promise<void> } {
  const states = (): Iterable<ExceptionState> => standing.exceptions.values();
  const closer = startCloser({ desk, clock, pointSocket: paths.pointSocket, states });
  const sealing = startSealing({ spool: paths.spool, ledger, desk, logger });
  const pruning = setInterval(() => standing.prune(clock.now()), pruneMs);
  return {
    close: async () => {
      clearInterval(pruning);
      closer.close();
      await sealing.close();
    },
  };
}

async function openAudit(
  config: Config,
  parts: {
    readonly paths: StatePaths;
    readonly logger: Logger;
    readonly ledger: SqliteLedger;
    readonly clock: FiledClock;
  },
): Promise<AuditLog> {
  const { paths, logger, ledger, clock } = parts;
  const kept = await keepAuditLog({ paths, leaves: ledger, anchors: config.audit.anchors, clock, logger });
  if (!kept.ok) throw new ExeatError(kept.fault.code, kept.fault.message);
  return kept.value;
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

// Asked of every denial in the records: when thousands of connections are cut at once, by looking at few.
function nearGrants(standing: Standing, now: () => number): NearGrants {
  return (service, host) =>
    standing
      .related(registrableDomain(host) ?? host, [])
      .filter((state) => state.grant?.spec.service === service && statusOf(state, now()).status === 'active')
      .map(({ id }) => id);
}
