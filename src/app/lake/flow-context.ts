import { readFileSync } from 'node:fs';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import {
  attributeClients,
  type ClientDirectory,
  type EdgeQuery,
  emptyInventory,
  type FlowLake,
  type Inventory,
  type LakeWindow,
  type LeaseObservation,
  parseInventory,
  throughAddresses,
} from '../../flowmap/index.ts';
import { type CompiledPolicy, listEveryIdentity, type NetworkFacts } from '../../policy/index.ts';
import { type CompiledFolder, compileFolder } from '../compile-folder.ts';
import { readLocalOrigins } from '../point/network-facts.ts';

/** What flows are read with: who asked, and the policy of the configuration where it holds one that loads. */
export interface FlowContext {
  readonly query: EdgeQuery;
  readonly leases: readonly LeaseObservation[];
  readonly inventory: Inventory;
  readonly policy: CompiledFolder | null;
  /** Loopback pairs that the configuration opens. */
  readonly localOrigins: NetworkFacts['localOrigins'];
  /** Why there is no policy, for the coverage; null where there is one. */
  readonly noPolicy: string | null;
}

/**
 * Works out who the clients of a window are, by the policy of the configuration or by another. A policy that does not load is no fault
 * here: a first map is drawn before there is any.
 * Fault: `inventory_invalid`, `inventory_unreadable`.
 */
export async function readFlowContext(
  lake: FlowLake,
  config: Config,
  window: LakeWindow,
  compiled: Result<CompiledFolder> = compileFolder(config.policy),
): Promise<Result<FlowContext>> {
  const inventory = readInventory(config.inventory);
  if (!inventory.ok) return inventory;
  const leases = await lake.leases();
  const directory: ClientDirectory = {
    inventory: inventory.value,
    leases,
    ...(compiled.ok ? policyDirectory(compiled.value.policy) : noPolicyDirectory),
  };
  const who = attributeClients(await lake.clients(window), directory);
  return ok({
    query: { ...window, who, through: throughAddresses(inventory.value) },
    leases,
    inventory: inventory.value,
    policy: compiled.ok ? compiled.value : null,
    localOrigins: readLocalOrigins(config.localOrigins),
    noPolicy: compiled.ok ? null : compiled.fault.message,
  });
}

type PolicyDirectory = Pick<ClientDirectory, 'hasService' | 'servicesOfSource' | 'serviceOfCredential'>;

const noPolicyDirectory: PolicyDirectory = {
  hasService: () => false,
  servicesOfSource: () => [],
  serviceOfCredential: () => null,
};

// A range of the policy counts for the past too, whatever its dates: an `unattributed` source names nobody.
function policyDirectory(policy: CompiledPolicy): PolicyDirectory {
  const services = new Map<string, string>();
  for (const { text, service } of listEveryIdentity(policy)) if (!services.has(text)) services.set(text, service);
  return {
    hasService: (name) => policy.service(name) !== null,
    servicesOfSource: (address) => {
      const matches = policy.matchSource(address, Number.MAX_SAFE_INTEGER);
      return [...new Set(matches.map(({ service }) => service))].sort();
    },
    serviceOfCredential: (name) => services.get(`credential:${name}`) ?? null,
  };
}

function readInventory(path: string | null): Result<Inventory> {
  if (path === null) return ok(emptyInventory);
  try {
    return parseInventory(readFileSync(path, 'utf8'), path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return failed(fault('inventory_unreadable', `inventory \`${path}\` cannot be read (${code ?? message})`));
  }
}
