import { ok, type Result } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import { createResolver } from '../../dns/index.ts';
import { noFacts } from '../../policy/index.ts';
import { compileFolder } from '../compile-folder.ts';
import { askLocal } from '../local-socket.ts';
import { createNetworkFacts } from '../point/network-facts.ts';
import { statePaths } from '../state-folder.ts';
import type { PointStatus, StatusReport } from '../status.ts';
import { answerDecide, type DecideAnswer, type DecideAsk } from './decide-question.ts';

/** Where an answer comes from: the running point, or the policy folder compiled here. */
export interface DecideReport extends DecideAnswer {
  readonly answeredBy: 'point' | 'policy-folder';
}

/** Asks the running point; without one, compiles the policy folder and answers by the same functions. Faults: spelling, policy. */
export async function readDecision(config: Config, ask: DecideAsk): Promise<Result<DecideReport>> {
  const online = await askLocal<DecideAnswer>(statePaths(config.state).pointSocket, 'decide', ask);
  if (online.ok) return ok({ ...online.value, answeredBy: 'point' });
  if (online.fault.code !== 'not_running') return online;
  const compiled = compileFolder(config.policy);
  if (!compiled.ok) return compiled;
  const resolver = createResolver({ clock: { now: Date.now }, servers: config.resolver.servers, hosts: config.hosts });
  const network = createNetworkFacts(config.localOrigins);
  const answer = await answerDecide(ask, {
    policy: compiled.value.policy,
    facts: noFacts,
    network: network.current(),
    resolver,
    now: Date.now,
  });
  resolver.close();
  network.close();
  return answer.ok ? ok({ ...answer.value, answeredBy: 'policy-folder' }) : answer;
}

/** Longer than control waits for a point that does not answer, so that this one is told by control. */
const statusTimeoutMs = 6_000;

/** Asks control for the status; with control down or hanging, the point tells what it knows. Fault: `not_running`. */
export async function readStatus(config: Config): Promise<Result<StatusReport>> {
  const paths = statePaths(config.state);
  const status = await askLocal<StatusReport>(paths.controlSocket, 'status', null, statusTimeoutMs);
  if (status.ok) return status;
  const point = await askLocal<PointStatus>(paths.pointSocket, 'status');
  if (!point.ok) return point;
  return ok({
    point: point.value,
    controlPid: null,
    connections: { total: 0, enforced: 0, enforcedShare: null, wouldDeny: 0, byStrength: {} },
    brokenFlows: [],
    brokenFlowCount: 0,
    problems: ['control does not answer: shares and broken flows are not known', ...point.value.problems],
  });
}
