import { type ConfigNode, configItemsAt, configTextAt } from './config-node.ts';

/** The name of a workload as logs know it: `namespace/name`, without the namespace where the manifest leaves it to the one who applies. */
export function workloadName(object: ConfigNode): string {
  const namespace = configTextAt(object, 'metadata', 'namespace');
  const name = ownerOf(object);
  return namespace === '' ? name : `${namespace}/${name}`;
}

/**
 * Who made a pod: the Deployment behind its ReplicaSet (whose name ends in the hash that the pod has as a label), the CronJob behind its
 * Job (whose name ends in the minute of its schedule), or the owner itself.
 */
function ownerOf(object: ConfigNode): string {
  const name =
    configTextAt(object, 'metadata', 'name') || configTextAt(object, 'metadata', 'generateName').replace(/-$/, '');
  const owners = configItemsAt(object, 'metadata', 'ownerReferences');
  const owner = owners.find((reference) => configTextAt(reference, 'controller') === 'true') ?? owners[0];
  if (owner === undefined) return name;
  const [kind, ownerName] = [configTextAt(owner, 'kind'), configTextAt(owner, 'name')];
  // A pod that the kubelet made from a file of its node is owned by the node.
  if (kind === 'Node' || ownerName === '') return name;
  if (kind === 'ReplicaSet')
    return withoutHash(ownerName, configTextAt(object, 'metadata', 'labels', 'pod-template-hash'));
  return kind === 'Job' ? ownerName.replace(/-\d{8,10}$/, '') : ownerName;
}

function withoutHash(name: string, hash: string): string {
  if (hash !== '') return name.endsWith(`-${hash}`) ? name.slice(0, -hash.length - 1) : name;
  return name.replace(/-[bcdf-hj-np-tv-z2456789]{6,10}$/, '');
}
