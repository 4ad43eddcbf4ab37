import { type ConfigNode, childOf, configItemsAt, configTextAt, configTextsAt } from './config-node.ts';
import { declaredHost, declaredPrefix } from './declared-host.ts';
import type { EndpointCollector, Owner } from './endpoint-collector.ts';

type DeclarePolicy = (collector: EndpointCollector, object: ConfigNode) => void;

/**
 * Declares the outside that objects of the network name: ExternalName services, Istio ServiceEntry, egress of network policies. True where
 * the kind is one of those, so that nothing else is looked for in it.
 */
export function declareKubernetesPolicy(collector: EndpointCollector, kind: string, object: ConfigNode): boolean {
  const isExternal = kind === 'Service' && configTextAt(object, 'spec', 'type') === 'ExternalName';
  const declarePolicy = isExternal ? declareExternalName : policies[kind];
  declarePolicy?.(collector, object);
  return declarePolicy !== undefined;
}

const policies: Readonly<Record<string, DeclarePolicy>> = {
  ServiceEntry: declareServiceEntry,
  CiliumNetworkPolicy: declareCilium,
  CiliumClusterwideNetworkPolicy: declareCilium,
  NetworkPolicy: declareNetworkPolicy,
  GlobalNetworkPolicy: declareNetworkPolicy,
  AdminNetworkPolicy: declareNetworkPolicy,
  ClusterNetworkPolicy: declareNetworkPolicy,
  BaselineAdminNetworkPolicy: declareNetworkPolicy,
  FQDNNetworkPolicy: declareNetworkPolicy,
  NetworkSet: declareNetworkSet,
  GlobalNetworkSet: declareNetworkSet,
  ClientIntents: declareIntents,
};

function declareExternalName(collector: EndpointCollector, object: ConfigNode): void {
  const name = childOf(object, 'spec', 'externalName');
  if (name?.kind !== 'text') return;
  const port = portOf(configItemsAt(object, 'spec', 'ports'), 'port');
  declareHost(collector, name, { key: 'spec.externalName', port, owner: ownerOf(object) });
}

function declareServiceEntry(collector: EndpointCollector, object: ConfigNode): void {
  if (configTextAt(object, 'spec', 'location') === 'MESH_INTERNAL') return;
  const ports = configItemsAt(object, 'spec', 'ports');
  const numbers = ports.map((port) => readPort(configTextAt(port, 'number'))).filter((port) => port !== null);
  const owner: Owner = { service: null, schedule: null };
  for (const host of configTextsAt(object, 'spec', 'hosts')) {
    for (const port of numbers.length === 0 ? [null] : numbers)
      declareHost(collector, host, { key: 'spec.hosts', port, owner });
  }
  for (const endpoint of configItemsAt(object, 'spec', 'endpoints')) {
    const address = childOf(endpoint, 'address');
    if (address?.kind === 'text') declareHost(collector, address, { key: 'spec.endpoints.address', port: null, owner });
  }
}

function declareCilium(collector: EndpointCollector, object: ConfigNode): void {
  const specs = [...configItemsAt(object, 'spec'), ...configItemsAt(object, 'specs')];
  for (const rule of specs.flatMap((spec) => configItemsAt(spec, 'egress'))) {
    const ports = configItemsAt(rule, 'toPorts').flatMap((entry) => configItemsAt(entry, 'ports'));
    const context = { port: portOf(ports, 'port'), owner: ownerOf(object) };
    declareKeys(collector, configItemsAt(rule, 'toFQDNs'), {
      ...context,
      under: 'toFQDNs',
      keys: ['matchName', 'matchPattern'],
    });
    declareKeys(collector, configItemsAt(rule, 'toCIDRSet'), { ...context, under: 'toCIDRSet', keys: ['cidr'] });
    declareKeys(collector, [rule], { ...context, under: '', keys: ['toCIDR'] });
  }
}

/** The shapes of Kubernetes, Calico (`destination.nets|domains`), the admin policies (`networks`, `domainNames`) and GKE (`fqdns`) at once. */
function declareNetworkPolicy(collector: EndpointCollector, object: ConfigNode): void {
  for (const rule of configItemsAt(object, 'spec', 'egress')) {
    if (/^(?:Deny|Pass|Log)$/i.test(configTextAt(rule, 'action'))) continue;
    const destination = configItemsAt(rule, 'destination');
    const calicoPort = configTextAt(configItemsAt(destination[0] ?? null, 'ports')[0] ?? null);
    const context = {
      port: portOf(configItemsAt(rule, 'ports'), 'port') ?? readPort(calicoPort),
      owner: ownerOf(object),
    };
    const to = configItemsAt(rule, 'to');
    const blocks = to.flatMap((peer) => configItemsAt(peer, 'ipBlock'));
    declareKeys(collector, blocks, { ...context, under: 'ipBlock', keys: ['cidr'] });
    declareKeys(collector, to, { ...context, under: 'to', keys: ['networks', 'domainNames', 'fqdns'] });
    declareKeys(collector, destination, { ...context, under: 'destination', keys: ['nets', 'domains'] });
  }
}

interface KeyedContext {
  readonly port: number | null;
  readonly owner: Owner;
  readonly under: string;
  readonly keys: readonly string[];
}

/** Declares the hosts and prefixes that stand, alone or in a list, under some keys of nodes. */
function declareKeys(
  collector: EndpointCollector,
  nodes: readonly ConfigNode[],
  { port, owner, under, keys }: KeyedContext,
): void {
  for (const node of nodes) {
    for (const name of keys) {
      const key = under === '' ? name : `${under}.${name}`;
      for (const host of configTextsAt(node, name)) declareHost(collector, host, { key, port, owner });
    }
  }
}

function declareNetworkSet(collector: EndpointCollector, object: ConfigNode): void {
  const owner: Owner = { service: null, schedule: null };
  for (const key of ['allowedEgressDomains', 'nets']) {
    for (const host of configTextsAt(object, 'spec', key))
      declareHost(collector, host, { key: `spec.${key}`, port: null, owner });
  }
}

/** Otterize: `spec.targets[].internet.{domains,ips,ports}`, or `spec.calls[]` of its older form. */
function declareIntents(collector: EndpointCollector, object: ConfigNode): void {
  const service = configTextAt(object, 'spec', 'workload', 'name') || configTextAt(object, 'spec', 'service', 'name');
  const namespace = configTextAt(object, 'metadata', 'namespace');
  const owner: Owner = {
    service: service === '' ? null : namespace === '' ? service : `${namespace}/${service}`,
    schedule: null,
  };
  for (const target of [...configItemsAt(object, 'spec', 'targets'), ...configItemsAt(object, 'spec', 'calls')]) {
    const internet = childOf(target, 'internet');
    const port = readPort(configTextAt(configItemsAt(internet, 'ports')[0] ?? null));
    for (const key of ['domains', 'ips']) {
      for (const host of configTextsAt(internet, key))
        declareHost(collector, host, { key: `internet.${key}`, port, owner });
    }
  }
}

/** A policy is for the pods that it selects; the usual labels say which workload that is. */
function ownerOf(object: ConfigNode): Owner {
  const namespace = configTextAt(object, 'metadata', 'namespace');
  for (const selector of ['podSelector', 'endpointSelector']) {
    const labels = childOf(object, 'spec', selector, 'matchLabels');
    for (const label of ['app.kubernetes.io/name', 'app', 'k8s-app', 'k8s:app']) {
      const name = configTextAt(labels, label);
      if (name !== '') return { service: namespace === '' ? name : `${namespace}/${name}`, schedule: null };
    }
  }
  return { service: null, schedule: null };
}

function declareHost(
  collector: EndpointCollector,
  { text, line }: { readonly text: string; readonly line: number },
  { key, port, owner }: { readonly key: string; readonly port: number | null; readonly owner: Owner },
): void {
  const host = text.includes('/') ? declaredPrefix(text) : declaredHost(text);
  if (host !== null) collector.declare({ host, port, scheme: null, confidence: 'stated' }, { ...owner, line, key });
}

/** The port, where the rule names just one. */
function portOf(ports: readonly ConfigNode[], key: string): number | null {
  return ports.length === 1 ? readPort(configTextAt(ports[0] ?? null, key)) : null;
}

function readPort(text: string): number | null {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port > 0 && port <= 65_535 ? port : null;
}
