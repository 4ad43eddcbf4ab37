import type { ConfigDocument, ConfigFormat, ConfigReading } from '../config-format.ts';
import { declareCommands } from './command-endpoints.ts';
import { type ConfigNode, childOf, configEntriesAt, configItemsAt, configTextAt } from './config-node.ts';
import { EndpointCollector, nobody, type Owner, type Place } from './endpoint-collector.ts';
import { declareImage } from './image-reference.ts';
import { readYamlNodes } from './read-yaml-nodes.ts';

/** GitLab CI files; a job is a service. */
export const gitlabCiFormat: ConfigFormat = {
  id: 'gitlab-ci',
  title: 'GitLab CI file',
  detect({ path, text }: ConfigDocument): number {
    const head = text.slice(0, 65_536);
    if (/(?:^|\/)[\w.-]*\.gitlab-ci\.ya?ml$/.test(path)) return 1;
    if (/^(?:apiVersion|jobs|on|resource|services\s*:\s*$)\s*:/m.test(head)) return 0;
    const hasScript = /^ {1,4}(?:script|before_script)\s*:/m.test(head);
    return hasScript ? (/^(?:stages|include|default|workflow)\s*:/m.test(head) ? 0.8 : 0.4) : 0;
  },
  read(document, sink): ConfigReading {
    const collector = new EndpointCollector(document, sink);
    const nodes = readYamlNodes(collector.text, (line, message) => collector.fault(line, message));
    for (const node of nodes) declarePipeline(collector, node);
    return collector.reading();
  },
};

/** Keys of the top that are no jobs. */
const globalKeys =
  /^(?:stages|include|variables|workflow|default|image|services|cache|before_script|after_script|spec|pages:deploy)$/;

function declarePipeline(collector: EndpointCollector, pipeline: ConfigNode): void {
  declareJob(collector, pipeline, nobody);
  const defaults = childOf(pipeline, 'default');
  if (defaults !== null) declareJob(collector, defaults, nobody);
  for (const entry of configItemsAt(pipeline, 'include')) declareInclude(collector, entry);
  for (const { key, value } of configEntriesAt(pipeline)) {
    // A job that starts with a dot is a part for others; what it names is theirs.
    if (!globalKeys.test(key)) declareJob(collector, value, { service: key.replace(/^\./, ''), schedule: null });
  }
}

function declareInclude(collector: EndpointCollector, entry: ConfigNode): void {
  const remote = entry.kind === 'text' ? entry : childOf(entry, 'remote');
  const component = childOf(entry, 'component');
  const key = 'include.remote';
  if (remote?.kind === 'text') collector.value(remote.text, { ...nobody, line: remote.line, key });
  if (component?.kind === 'text') {
    collector.value(`https://${component.text}`, { ...nobody, line: component.line, key: 'include.component' });
  }
}

function declareJob(collector: EndpointCollector, job: ConfigNode, owner: Owner): void {
  for (const key of ['image', 'services'])
    declareImages(collector, configItemsAt(job, key), { ...owner, line: 1, key });
  for (const key of ['before_script', 'script', 'after_script']) {
    for (const { text, line, isBlock } of flatTexts(childOf(job, key), 0)) {
      declareCommands(collector, text, { ...owner, line, key }, isBlock);
    }
  }
  const settings = configEntriesAt(job, 'variables').map(({ key, line, value }) =>
    value.kind === 'text' ? { ...value, key } : { key, line, text: configTextAt(value, 'value') },
  );
  collector.settings(settings, owner);
  const assets = childOf(job, 'release', 'assets');
  if (assets !== null) collector.tree(assets, { ...owner, line: assets.line, key: 'release.assets' });
}

function declareImages(collector: EndpointCollector, items: readonly ConfigNode[], place: Place): void {
  for (const item of items) {
    const image = item.kind === 'text' ? item : childOf(item, 'name');
    if (image?.kind === 'text') declareImage(collector, image.text, { ...place, line: image.line });
  }
}

/** Scripts may be lists in lists, where parts were put together with `!reference` or anchors. */
function flatTexts(
  node: ConfigNode | null,
  depth: number,
): readonly { readonly text: string; readonly line: number; readonly isBlock: boolean }[] {
  if (node === null || depth > 10) return [];
  if (node.kind === 'text') return [node];
  return node.kind === 'list' ? node.items.flatMap((item) => flatTexts(item, depth + 1)) : [];
}
