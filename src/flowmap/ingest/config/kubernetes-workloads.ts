import {
  type ConfigNode,
  childOf,
  configEntriesAt,
  configItemsAt,
  configTextAt,
  configTextsAt,
} from './config-node.ts';
import { type EndpointCollector, isProseKey, type Owner, type Setting } from './endpoint-collector.ts';
import { declareImage } from './image-reference.ts';
import { readSettings } from './settings-text.ts';
import { workloadName } from './workload-name.ts';

/** Kinds that are never read, or whose endpoints come in. */
const skippedKinds =
  /^(?:Secret|SealedSecret|Ingress|IngressRoute|IngressClass|Gateway|HTTPRoute|GRPCRoute|VirtualService|ValidatingWebhookConfiguration|MutatingWebhookConfiguration|CustomResourceDefinition|Certificate|Namespace|Role|ClusterRole|RoleBinding|ConfigMap|ClusterRoleBinding|Event|Node|Endpoints|EndpointSlice|Service)$/;

/** Where a pod's template stands, by kind: `spec.template.spec` for most. */
const podPaths: readonly (readonly string[])[] = [
  ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
  ['spec', 'template', 'spec'],
  ['spec'],
  ['template', 'spec'],
];

/** The data of every ConfigMap of the input by `namespace/name`. */
export function collectConfigMaps(objects: readonly ConfigNode[]): ReadonlyMap<string, ConfigNode> {
  const maps = new Map<string, ConfigNode>();
  for (const object of objects) {
    const data = childOf(object, 'data');
    if (configTextAt(object, 'kind') === 'ConfigMap' && data !== null) {
      maps.set(`${configTextAt(object, 'metadata', 'namespace')}/${configTextAt(object, 'metadata', 'name')}`, data);
    }
  }
  return maps;
}

/** The ConfigMaps of the input, and those that a workload has taken whole. */
export interface ConfigMaps {
  readonly configMaps: ReadonlyMap<string, ConfigNode>;
  readonly used: Set<ConfigNode>;
}

/** Declares what the pods of a workload reach: environment, arguments, images, probes aside; any other object by its texts. */
export function declareWorkload(
  collector: EndpointCollector,
  object: ConfigNode,
  { configMaps, used }: ConfigMaps,
): void {
  const kind = configTextAt(object, 'kind');
  if (kind === '' || skippedKinds.test(kind)) return;
  const schedule = kind === 'CronJob' || kind === 'CronWorkflow' ? configTextAt(object, 'spec', 'schedule') : '';
  const owner: Owner = { service: workloadName(object), schedule: schedule === '' ? null : schedule };
  const path = podPaths.find((keys) => childOf(object, ...keys, 'containers') !== null);
  if (path === undefined) declareOther(collector, object, owner);
  else {
    const namespace = configTextAt(object, 'metadata', 'namespace');
    declarePod(collector, childOf(object, ...path), { owner, configMaps, used, namespace });
  }
}

interface PodContext extends ConfigMaps {
  readonly owner: Owner;
  readonly namespace: string;
}

function declarePod(collector: EndpointCollector, pod: ConfigNode | null, context: PodContext): void {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers']) {
    for (const container of configItemsAt(pod, list)) declareContainer(collector, container, context);
  }
  for (const alias of configItemsAt(pod, 'hostAliases')) {
    for (const { text, line } of configTextsAt(alias, 'hostnames')) {
      collector.settings([{ key: 'hostAliases.host', text, line }], context.owner);
    }
  }
  for (const volume of configItemsAt(pod, 'volumes')) {
    const data = configMapOf(context, configTextAt(volume, 'configMap', 'name'));
    takeConfigMap(collector, data, context);
    const server = childOf(volume, 'nfs', 'server');
    if (server?.kind === 'text') {
      collector.value(`nfs://${server.text}`, { ...context.owner, line: server.line, key: 'volumes.nfs.server' });
    }
  }
}

function declareContainer(collector: EndpointCollector, container: ConfigNode, context: PodContext): void {
  const { owner } = context;
  const image = childOf(container, 'image');
  if (image?.kind === 'text') declareImage(collector, image.text, { ...owner, line: image.line, key: 'image' });
  const settings = configItemsAt(container, 'env').flatMap((entry) => settingOf(entry, context));
  collector.settings(settings, owner);
  for (const source of configItemsAt(container, 'envFrom')) {
    const data = configMapOf(context, configTextAt(source, 'configMapRef', 'name'));
    takeConfigMap(collector, data, context);
  }
  for (const key of ['command', 'args']) collector.words(configTextsAt(container, key), { ...owner, line: 1, key });
}

function settingOf(entry: ConfigNode, context: PodContext): readonly Setting[] {
  const key = configTextAt(entry, 'name');
  const value = childOf(entry, 'value');
  if (value?.kind === 'text') return [{ key, text: value.text, line: value.line, isBlock: value.isBlock }];
  const reference = childOf(entry, 'valueFrom', 'configMapKeyRef');
  const data = configMapOf(context, configTextAt(reference, 'name'));
  const found = childOf(data, configTextAt(reference, 'key'));
  return found?.kind === 'text' ? [{ key, text: found.text, line: found.line, isBlock: found.isBlock }] : [];
}

function configMapOf({ configMaps, namespace }: PodContext, name: string): ConfigNode | null {
  return name === '' ? null : (configMaps.get(`${namespace}/${name}`) ?? configMaps.get(`/${name}`) ?? null);
}

function takeConfigMap(collector: EndpointCollector, data: ConfigNode | null, { owner, used }: PodContext): void {
  if (data === null) return;
  used.add(data);
  declareConfigMap(collector, data, owner);
}

/** Declares what a ConfigMap holds: values, or whole files of settings. */
export function declareConfigMap(collector: EndpointCollector, data: ConfigNode, owner: Owner): void {
  const settings = configEntriesAt(data).flatMap(({ key, value }): readonly Setting[] => {
    if (value.kind !== 'text') return [];
    const { text, line, isBlock } = value;
    return text.trimEnd().includes('\n') ? readSettings(text, { line, isBlock, key }) : [{ key, text, line }];
  });
  collector.settings(settings, owner);
}

/** An object of a kind that is not known (a custom resource): what its texts name. */
function declareOther(collector: EndpointCollector, object: ConfigNode, owner: Owner): void {
  for (const { key, line, value } of configEntriesAt(object)) {
    if (/^(?:apiVersion|kind|metadata|status)$/.test(key) || isProseKey(key)) continue;
    collector.tree(value, { ...owner, line, key });
  }
}
