import type { ObservationSink } from '../../observation.ts';
import type { ConfigDocument, ConfigFormat, ConfigReading } from '../config-format.ts';
import { type ConfigNode, configItemsAt, configTextAt } from './config-node.ts';
import { EndpointCollector, nobody } from './endpoint-collector.ts';
import { leasePod } from './kubernetes-leases.ts';
import { declareKubernetesPolicy } from './kubernetes-policies.ts';
import { collectConfigMaps, declareConfigMap, declareWorkload } from './kubernetes-workloads.ts';
import { readJsonNode } from './read-json-node.ts';
import { readYamlNodes } from './read-yaml-nodes.ts';

/** Kubernetes manifests and what `kubectl get … -o json|yaml` prints. Secrets are never read; Ingress and Gateway come in, not out. */
export const kubernetesFormat: ConfigFormat = {
  id: 'kubernetes',
  title: 'Kubernetes manifests, and pods as `kubectl get pods -A -o json` prints them',
  detect({ path, text }: ConfigDocument): number {
    const head = text.slice(0, 262_144);
    const isJson = /^\s*\{/.test(head);
    const isObject = isJson
      ? /"apiVersion"\s*:/.test(head) && /"kind"\s*:/.test(head)
      : /^apiVersion\s*:/m.test(head) && /^kind\s*:\s*\S/m.test(head);
    if (!isObject) return 0;
    // A chart's templates are Helm's: they are no YAML before they are rendered.
    return /\{\{-?\s/.test(head) && /(?:^|\/)templates\//.test(path) ? 0.3 : 0.95;
  },
  read(document, sink): ConfigReading {
    const collector = new EndpointCollector(document, sink);
    const objects = readObjects(collector).flatMap((node) => itemsOf(node, 0));
    for (const object of objects) learnOwnNames(collector, object);
    const configMaps = collectConfigMaps(objects);
    const used = new Set<ConfigNode>();
    for (const object of objects) declareObject(collector, object, { sink, configMaps, used });
    // One that no workload of the input takes whole is told by itself.
    for (const data of configMaps.values()) if (!used.has(data)) declareConfigMap(collector, data, nobody);
    return collector.reading();
  },
};

function readObjects(collector: EndpointCollector): readonly ConfigNode[] {
  const { text } = collector;
  if (!/^\s*\{/.test(text)) return readYamlNodes(text, (line, message) => collector.fault(line, message));
  const { node, fault } = readJsonNode(text);
  if (fault !== null) collector.fault(fault.line, fault.message);
  return node === null ? [] : [node];
}

/** `kind: List`, and lists of one kind (`PodList`), hold objects. */
function itemsOf(node: ConfigNode, depth: number): readonly ConfigNode[] {
  if (!configTextAt(node, 'kind').endsWith('List') && configTextAt(node, 'kind') !== '') return [node];
  const items = configItemsAt(node, 'items');
  return depth > 3 ? [] : items.flatMap((item) => itemsOf(item, depth + 1));
}

/** `redis.shop` is a Service of the same input: inside the cluster, though it looks like a name of the outside. */
function learnOwnNames(collector: EndpointCollector, object: ConfigNode): void {
  const isService =
    configTextAt(object, 'kind') === 'Service' && configTextAt(object, 'spec', 'type') !== 'ExternalName';
  const [name, namespace] = [configTextAt(object, 'metadata', 'name'), configTextAt(object, 'metadata', 'namespace')];
  if (isService && namespace !== '' && collector.ownNames.size < 100_000)
    collector.ownNames.add(`${name}.${namespace}`);
}

interface Context {
  readonly sink: ObservationSink;
  readonly configMaps: ReadonlyMap<string, ConfigNode>;
  readonly used: Set<ConfigNode>;
}

function declareObject(collector: EndpointCollector, object: ConfigNode, { sink, configMaps, used }: Context): void {
  const kind = configTextAt(object, 'kind');
  if (kind === 'Pod') leasePod(object, sink);
  if (!declareKubernetesPolicy(collector, kind, object)) declareWorkload(collector, object, { configMaps, used });
}
