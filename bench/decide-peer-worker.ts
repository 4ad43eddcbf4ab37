import { parentPort, workerData } from 'node:worker_threads';
import type { DecisionRequest } from '../src/policy/index.ts';
import { timeBlock } from './decide-block.ts';
import { type PolicySize, ruleName, serviceName } from './decide-policy.ts';

// In a thread of its own: a heap of a million strings would be collected at our cost.
const size = workerData as PolicySize;
const maps = mapsOfStrings(size);
parentPort?.on('message', (block: number) =>
  parentPort?.postMessage(timeBlock(size, block, (request) => isInMaps(maps, request))),
);

/** The peer: what one writes first, a Map of services to Sets of `host:port`. It knows no boundary, class, ids or observe mode. */
function mapsOfStrings({ services, rulesPerService }: PolicySize): ReadonlyMap<string, ReadonlySet<string>> {
  const maps = new Map<string, Set<string>>();
  for (let service = 0; service < services; service++) {
    const set = new Set<string>();
    for (let rule = 0; rule < rulesPerService; rule++) {
      const name = ruleName(service, rule);
      if (rule % 50 === 49) set.add(`203.0.113.${(service + rule) % 256}:443`);
      else set.add(rule % 4 === 3 ? `*.${name}:443` : `${name}:443`);
    }
    maps.set(serviceName(service), set);
  }
  return maps;
}

function isInMaps(
  maps: ReadonlyMap<string, ReadonlySet<string>>,
  { principal, destination }: DecisionRequest,
): boolean {
  const set = maps.get(principal.service);
  if (set === undefined) return false;
  const { host, port } = destination;
  if (host.kind === 'address') return set.has(`${host.address.text}:${port}`);
  if (set.has(`${host.name}:${port}`)) return true;
  for (let dot = host.name.indexOf('.'); dot >= 0; dot = host.name.indexOf('.', dot + 1)) {
    if (set.has(`*${host.name.slice(dot)}:${port}`)) return true;
  }
  return false;
}
