import { failed, ok, type Result } from '../../base/index.ts';
import { tableName } from '../kernel/kernel-names.ts';
import { commandFault } from './nft-fault.ts';
import { removeRoutes } from './route-guard.ts';
import { runCommand } from './run-command.ts';
import { restoreSysctls } from './sysctls.ts';

/**
 * Takes everything of the gateway out of the kernel: settings as they were (forwarding first), routes back into `main`, rules, our tables.
 * Works after any end of the helper, which must not run meanwhile: it would take the removal for a drift. Needs the rights of the helper.
 */
export async function removeGateway(stateFile: string): Promise<Result<null>> {
  restoreSysctls(stateFile);
  const routes = await removeRoutes();
  if (!routes.ok) return routes;
  const table = await runCommand('nft', ['-f', '-'], { input: `table ${tableName} { }\ndelete table ${tableName}\n` });
  return table.code === 0 ? ok(null) : failed(commandFault('nft', table));
}
