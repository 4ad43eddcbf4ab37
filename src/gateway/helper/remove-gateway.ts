import { failed, ok, type Result } from '../../base/index.ts';
import { tableName } from '../kernel/kernel-names.ts';
import { unpinNeighbours } from './neighbours.ts';
import { commandFault } from './nft-fault.ts';
import { type RouteRemoval, removeRoutes } from './route-guard.ts';
import { runCommand } from './run-command.ts';
import { keepRunLinks } from './run-links.ts';
import { restoreSysctls } from './sysctls.ts';

/** What a removal found and undid. */
export interface GatewayRemoval extends RouteRemoval {
  /** Settings of the machine that have the value again which they had before: `net/ipv4/ip_forward = 0`. */
  readonly settings: readonly string[];
  /** Whether there was a ruleset of ours. */
  readonly hadTable: boolean;
}

/**
 * Takes everything of the gateway out of the kernel: settings as they were (forwarding first), routes back into `main`, rules, our tables.
 * Works after any end of the helper, which must not run meanwhile: it would take the removal for a drift. Needs the rights of the helper.
 */
export async function removeGateway(stateFile: string): Promise<Result<GatewayRemoval>> {
  const settings = restoreSysctls(stateFile);
  if (!settings.ok) return settings;
  const routes = await removeRoutes();
  if (!routes.ok) return routes;
  const links = await keepRunLinks([]);
  if (!links.ok) return links;
  const neighbours = await unpinNeighbours();
  if (!neighbours.ok) return neighbours;
  const tables = await runCommand('nft', ['list', 'tables']);
  const hadTable = tables.stdout.split('\n').includes(`table ${tableName}`);
  const table = await runCommand('nft', ['-f', '-'], { input: `table ${tableName} { }\ndelete table ${tableName}\n` });
  if (table.code !== 0) return failed(commandFault('nft', table));
  return ok({ settings: settings.value, ...routes.value, hadTable });
}
