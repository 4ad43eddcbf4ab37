import { ok } from '../../base/index.ts';
import type { Handlers } from '../call.ts';
import type { Endpoints } from '../contract/index.ts';
import type { ApiPorts } from './api-ports.ts';
import { callerOf } from './exception-routes.ts';

/** The handlers of the log of acts as what can be checked. */
export function auditRoutes(
  ports: ApiPorts,
): Pick<Handlers<Endpoints>, 'auditState' | 'verifyAudit' | 'listCheckpoints' | 'exportAudit'> {
  return {
    auditState: async () => ok({ body: await ports.audit.state() }),
    verifyAudit: async () => ok({ body: await ports.audit.verify() }),
    listCheckpoints: async () => ok({ body: { items: ports.audit.checkpoints() } }),
    exportAudit: async (call) => {
      const taken = await ports.audit.takeEvidence(call.body, callerOf(call).actor);
      return taken.ok ? ok({ body: taken.value }) : taken;
    },
  };
}
