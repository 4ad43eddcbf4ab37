import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { endpoints, type OpenAnswer, type OpenQuery } from '../../api/contract/index.ts';
import { type ApiPorts, actProblems, createApi, createHandlers, createStreams, describeApi } from '../../api/index.ts';
import { type Actor, clockResetAction } from '../../audit/index.ts';
import { ExeatError, type Result } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import { readVersion } from '../front/index.ts';
import { askLocal } from '../local-socket.ts';
import { createLogger } from '../logger.ts';
import { createNewId } from '../new-id.ts';
import { readLocalOrigins } from '../point/network-facts.ts';
import { statePaths } from '../state-folder.ts';
import type { ControlActs } from './assemble-acts.ts';
import { createAuditPort } from './audit-port.ts';
import { createDecisionSource } from './decision-source.ts';
import { createEndedStates } from './ended-states.ts';
import { readSetupLink } from './founding.ts';
import { sumDebt, toUsageRows } from './grant-usage.ts';
import { exportOpen } from './open/export-open.ts';
import { reportOpen } from './open/open-report.ts';
import { tellOverview } from './overview.ts';
import { createPasskeyPorts } from './passkey-ports.ts';
import { createPolicySource } from './policy/policy-source.ts';
import { createProposalDesk, type ProposalDesk } from './policy/proposal-desk.ts';
import { authenticateToken, isSecret, makeToken, recallSession, verifyEd25519 } from './secrets.ts';
import { createDraftMapPort } from './traffic/tell-draft-map.ts';
import { createFlowMapPort } from './traffic/tell-flow-map.ts';

/** Makes the API of control over what acts. Throws an ExeatError when the certificate cannot be read. */
export function createConsoleApi(config: Config, acts: ControlActs): FastifyInstance {
  const logger = createLogger('control');
  const newId = createNewId();
  const { clock, standing } = acts;
  const desk = openProposalDesk(config);
  const ports = toPorts(config, acts, desk);
  const server = createApi({
    endpoints: { ...endpoints },
    handlers: { ...createHandlers(ports) },
    streams: createStreams(ports),
    document: describeApi({ ...endpoints }, readVersion()),
    problems: actProblems,
    authenticate: async (token) => authenticateToken(token, standing.directory, clock.now()),
    recall: (session) => recallSession(session, standing.directory, clock.now()),
    onRefused: (caller, endpointId, why) => acts.desk.noteRefused(caller.actor, endpointId, why),
    clock,
    newId,
    onFailure: (where, error) =>
      logger.error('a request failed inside', { where, cause: error instanceof Error ? error.stack : String(error) }),
    tls: readTls(config),
    hostNames: [new URL(config.console.url).hostname],
  });
  server.addHook('onClose', () => desk.close());
  return server;
}

function openProposalDesk(config: Config): ProposalDesk {
  const { policy: history, spool } = statePaths(config.state);
  return createProposalDesk({ history, spool, localOrigins: readLocalOrigins(config.localOrigins) });
}

function readTls({ console: { tls } }: Config): { readonly cert: Buffer; readonly key: Buffer } | null {
  if (tls === null) return null;
  try {
    return { cert: readFileSync(tls.certificate), key: readFileSync(tls.key) };
  } catch (error) {
    const { path, code } = error as NodeJS.ErrnoException;
    throw new ExeatError('tls_unreadable', `\`${path}\` of \`console.tls\` cannot be read (${code})`, { cause: error });
  }
}

function toPorts(config: Config, acts: ControlActs, proposals: ProposalDesk): ApiPorts {
  const { clock, ledger, standing, desk, digest, factsOf } = acts;
  const newId = createNewId();
  return {
    ...{ clock, newId, digest, ledger, factsOf, isSecret },
    directory: () => standing.directory,
    exceptions: () => standing.exceptions,
    endedStates: createEndedStates(ledger).of,
    seqOf: standing.seqOf,
    actOnException: desk.actOnException,
    actOnPeople: desk.actOnPeople,
    grantUsage: () => toUsageRows(acts.usage.current().grants),
    traffic: () => {
      const { connections, bytes, grantConnections, grantBytes } = sumDebt(
        acts.usage.current().grants,
        clock.now(),
        30,
      );
      return { all: { connections, bytes }, byGrantOnly: { connections: grantConnections, bytes: grantBytes } };
    },
    newToken: (nowMs) => makeToken(newId, nowMs),
    setupLink: (id) => readSetupLink(ledger, id),
    verifySignature: verifyEd25519,
    passkeys: createPasskeyPorts(config.console.url),
    decisions: createDecisionSource(statePaths(config.state).spool, acts.policy.ask),
    policies: createPolicySource({
      ...{ clock, history: acts.history, usage: acts.usage.current, askPolicy: acts.policy.ask, desk: proposals },
      localOrigins: readLocalOrigins(config.localOrigins),
    }),
    listOpen: (query) => listOpen(config, acts, query),
    flowMap: createFlowMapPort({
      ...{ clock, traffic: acts.traffic, askPolicy: acts.policy.ask, onPolicyOutcome: acts.onPolicyOutcome },
      exceptions: () => standing.exceptions,
    }),
    draftMap: createDraftMapPort({
      ...{ clock, history: acts.history, traffic: acts.traffic, desk: proposals },
      exceptions: () => standing.exceptions,
    }),
    exportOpen: (query, actor) =>
      exportOpen(
        {
          ...{ ledger, desk, digest, logFolder: statePaths(config.state).audit, writeLog: acts.audit.write },
          answerOf: (asked) => listOpen(config, acts, asked),
        },
        { query, actor },
      ),
    overview: () => tellOverview(acts, statePaths(config.state).pointSocket),
    audit: createAuditPort({ acts, paths: statePaths(config.state), newId }),
    noteSession: async (action, actor) => {
      const subject = actor.kind === 'person' ? `session/${actor.id}` : 'session';
      await desk.note([{ subject, action, actor, details: {} }], { mayWait: true });
    },
    resetClock: (actor, reason) => resetClock(acts, statePaths(config.state).pointSocket, { actor, reason }),
  };
}

function listOpen(config: Config, acts: ControlActs, query: OpenQuery): Promise<Result<OpenAnswer>> {
  return reportOpen(
    {
      clock: acts.clock,
      ledger: acts.ledger,
      history: acts.history,
      exceptions: () => acts.standing.exceptions,
      directory: () => acts.standing.directory,
      usage: acts.usage.current,
      askPolicy: acts.policy.ask,
      configured: [
        ...config.localOrigins.map(({ text }) => ({
          kind: 'local-origin',
          to: text,
          note: 'a loopback pair that rules may reach',
        })),
        ...(config.upstreamProxy === null
          ? []
          : [
              {
                kind: 'parent-proxy',
                to: config.upstreamProxy.url,
                note: 'it resolves and reaches what is allowed here',
              },
            ]),
        ...forwardsOf(config),
      ],
    },
    query,
  );
}

/** Believes the wall clock again, here and at the point. Noted before, so that nobody sets a clock unseen. */
async function resetClock(
  acts: ControlActs,
  pointSocket: string,
  { actor, reason }: { readonly actor: Actor; readonly reason: string },
): Promise<Result<{ readonly before: string; readonly after: string }>> {
  const before = new Date(acts.clock.now()).toISOString();
  // The time that the wall shows from here on: the one entry that may be earlier than the one before it.
  const atMs = Date.now();
  const after = new Date(atMs).toISOString();
  const details = { before, after, reason };
  const noted = await acts.desk.note([{ subject: 'clock', action: clockResetAction, actor, details }], { atMs });
  if (!noted.ok) return noted;
  acts.clock.reset();
  const told = await askLocal(pointSocket, 'reset-clock', null, 5_000);
  return told.ok ? { ok: true, value: { before, after } } : told;
}

/** Whoever answers names learns them, and can be told anything in them. */
function forwardsOf({
  resolver,
  dns,
}: Config): readonly { readonly kind: string; readonly to: string; readonly note: string }[] {
  const kind = 'dns-forward';
  const servers = resolver.servers ?? ['those of the system'];
  return [
    ...servers.map((to) => ({ kind, to, note: 'names of allowed destinations are asked of it' })),
    ...Object.entries(dns.forward).flatMap(([domain, own]) =>
      own.map((to) => ({ kind, to, note: `allowed names at and below ${domain} are asked of it` })),
    ),
  ];
}
