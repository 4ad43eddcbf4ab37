import { ExeatError } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import type { Answerers } from '../local-socket.ts';
import { answerDecide } from '../questions/decide-question.ts';
import { answerDnsQuery } from '../questions/dns-question.ts';
import { parseDecideAsk } from '../questions/parse-decide-ask.ts';
import type { PointStatus } from '../status.ts';
import type { PointAssembly } from './assemble-point.ts';
import { createGrantAnswers } from './grant-answers.ts';
import { summarisePolicy } from './policy-summary.ts';

/** What the point answers from. `apply` loads the snapshot and judges live connections again. */
export interface PointParts extends Omit<PointAssembly, 'firstSeen'> {
  readonly config: Config;
  readonly apply: () => Promise<string>;
}

/** The questions that the point answers on its local socket: version, apply, status, metrics, decide, the gateway, and those about grants. */
export function createPointAnswers(parts: PointParts): Answerers {
  const startedAt = new Date().toISOString();
  return {
    version: () => ({ version: parts.policy.current()?.version ?? null }),
    apply: parts.apply,
    status: () => readPointStatus(parts, startedAt),
    metrics: parts.metrics.text,
    ...createGrantAnswers(parts),
    gateway: () => {
      if (parts.gateway !== null) return parts.gateway.status();
      throw new ExeatError('gateway_absent', 'the running product has no gateway, add `gateway:` to its configuration');
    },
    'dns-query': async (body) => {
      const answer = await answerDnsQuery(body, { filter: parts.dns.filter, policy: parts.policy.current() });
      if (!answer.ok) throw new ExeatError(answer.fault.code, answer.fault.message);
      return answer.value;
    },
    decide: async (body) => {
      const ask = parseDecideAsk(body);
      const answer = ask.ok ? await decideNow(parts, ask.value) : ask;
      if (!answer.ok) throw new ExeatError(answer.fault.code, answer.fault.message);
      return answer.value;
    },
  };
}

function decideNow(parts: PointParts, ask: Parameters<typeof answerDecide>[0]): ReturnType<typeof answerDecide> {
  const { policy, network, dns, clock } = parts;
  return answerDecide(ask, {
    policy: policy.current(),
    facts: parts.facts(),
    network: network.current(),
    resolver: dns.resolver,
    now: clock.now,
  });
}

function readPointStatus(parts: PointParts, startedAt: string): PointStatus {
  const { config, policy, spool, trust } = parts;
  const now = parts.clock.now();
  const held = [policy.problem(), parts.grants.problem(), parts.budgets.problem(), parts.clock.problem()];
  return {
    pid: process.pid,
    startedAt,
    ...summarisePolicy(policy.current(), now),
    openConnections: parts.listener.counts().connections,
    transport: { driver: parts.driver.name, threads: parts.driver.threads, why: parts.driver.why },
    localOrigins: config.localOrigins.map((origin) => origin.text),
    allowCleartextProofs: config.allowCleartextProofs,
    records: { ...spool.counts(), isKeeping: spool.isKeeping },
    leases: parts.leaseSources.status(),
    problems: [
      ...held.filter((problem) => problem !== null),
      ...parts.responseZones.problems(),
      ...parts.leaseSources.problems(),
      ...(parts.gateway?.problems() ?? []),
      ...(spool.isKeeping ? [] : ['decision records are not being kept: free the disk or mend the state folder']),
      ...trust.status(now).problems.map((one) => `${one.part}: ${one.message}`),
    ],
  };
}
