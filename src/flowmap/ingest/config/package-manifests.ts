import { type ConfigNode, childOf, configEntriesAt, configItemsAt, configTextAt, visitConfig } from './config-node.ts';
import { type EndpointCollector, nobody } from './endpoint-collector.ts';
import { declareDefaults } from './known-registries.ts';
import { type NodeReading, readJsonNode } from './read-json-node.ts';
import { readTomlNode } from './read-toml-node.ts';
import { readXmlNode } from './read-xml-node.ts';
import { readYamlNodes } from './read-yaml-nodes.ts';

/** `.yarnrc.yml` and its kin: every URL, but of nothing that authenticates. */
export function readPackageYaml(collector: EndpointCollector, text: string): boolean {
  for (const node of readYamlNodes(text, (line, message) => collector.fault(line, message))) {
    collector.tree(node, { ...nobody, line: 1, key: null });
  }
  return true;
}

/** `package.json`: where it publishes, and dependencies that come from a URL or a repository. */
export function readPackageJson(collector: EndpointCollector, text: string): boolean {
  const node = nodeOf(collector, readJsonNode(text));
  const registry = childOf(node, 'publishConfig', 'registry');
  if (registry?.kind === 'text')
    collector.value(registry.text, { ...nobody, line: registry.line, key: 'publishConfig.registry' });
  for (const list of ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies']) {
    for (const { value } of configEntriesAt(node, list)) declareDependency(collector, value, list);
  }
  return false;
}

function declareDependency(collector: EndpointCollector, value: ConfigNode, key: string): void {
  if (value.kind !== 'text') return;
  const place = { ...nobody, line: value.line, key };
  if (value.text.includes('://')) collector.value(value.text, place);
  else if (/^(?:github:)?[\w.-]+\/[\w.-]+(?:#.*)?$/.test(value.text)) declareDefaults(collector, 'github', place);
}

/** Keys under which TOML manifests have links for people. */
const linkKeys =
  /(?:^|\.)(?:urls|homepage|documentation|repository|authors|changelog|readme|license|description)(?:\.|$)/i;

/** `pyproject.toml`, `uv.toml`, `Pipfile`, `Cargo.toml`, `.cargo/config.toml`: sources, registries, and dependencies by URL. */
export function readPackageToml(collector: EndpointCollector, text: string): boolean {
  const root = tomlOf(collector, text);
  let hasOwn = false;
  visitConfig(root, (node, key) => {
    if (linkKeys.test(key)) return false;
    if (node.kind !== 'text' || !node.text.includes('://')) return true;
    hasOwn ||= replacesDefault(root, key);
    // `name[extra] @ https://…` of PEP 508.
    collector.value(node.text.replace(/^[\w.[\],-]{1,200}\s*@\s*/, ''), { ...nobody, line: node.line, key });
    return false;
  });
  return hasOwn;
}

/** Poetry's and uv's own sources come beside the default one, unless they say that they are the default. */
function replacesDefault(root: ConfigNode, key: string): boolean {
  if (/^(?:tool\.uv\.)?(?:index-url|default-index)$/.test(key) || key === 'source.url') return true;
  const uv = [...configItemsAt(root, 'tool', 'uv', 'index'), ...configItemsAt(root, 'index')];
  const poetry = configItemsAt(root, 'tool', 'poetry', 'source');
  return (
    uv.some((index) => configTextAt(index, 'default') === 'true') ||
    poetry.some((source) => /^(?:primary|default)$/.test(configTextAt(source, 'priority')))
  );
}

function tomlOf(collector: EndpointCollector, text: string): ConfigNode {
  const { node, fault } = readTomlNode(text);
  if (fault !== null) collector.fault(fault.line, fault.message);
  return node ?? { kind: 'map', line: 1, entries: [] };
}

/** Elements of Maven whose `url` is fetched from or published to. */
const mavenPlaces = /^(?:repository|pluginRepository|snapshotRepository|mirror)$/;

/** `pom.xml` and `settings.xml`: repositories, mirrors and proxies. Servers hold credentials and are not read. */
export function readMaven(collector: EndpointCollector, text: string): boolean {
  let hasOwn = false;
  visitConfig(xmlOf(collector, text), (node, path) => {
    const key = path.slice(path.lastIndexOf('.') + 1);
    if (key === 'servers') return false;
    const url = mavenPlaces.test(key) ? childOf(node, 'url') : null;
    if (url?.kind === 'text') collector.value(url.text, { ...nobody, line: url.line, key: `${key}.url` });
    if (key === 'proxy') declareProxy(collector, node);
    hasOwn ||= key === 'repository' && configTextAt(node, 'id') === 'central';
    return true;
  });
  return hasOwn;
}

function declareProxy(collector: EndpointCollector, proxy: ConfigNode): void {
  const settings = configEntriesAt(proxy)
    .filter(({ key }) => key === 'host' || key === 'port')
    .map(({ key, line, value }) => ({ key: `proxy.${key}`, text: configTextAt(value), line }));
  collector.settings(settings, nobody);
}

/** `nuget.config`: `<packageSources><add key="…" value="https://…"/>`; project files: `RestoreSources`. */
export function readNuget(collector: EndpointCollector, text: string): boolean {
  let hasOwn = false;
  visitConfig(xmlOf(collector, text), (node, path) => {
    if (/credentials|apikeys/i.test(path)) return false;
    const source = nugetSource(node, path);
    if (source !== '') collector.value(source, { ...nobody, line: node.line, key: path.split('.').at(-2) ?? path });
    hasOwn ||= source.includes('://');
    return true;
  });
  return hasOwn;
}

function nugetSource(node: ConfigNode, path: string): string {
  if (/(?:packageSources|config)\.add$/i.test(path)) return configTextAt(node, '@value');
  return node.kind === 'text' && /\.Restore\w*Sources$/.test(path) ? node.text : '';
}

/** `composer.json`: repositories as list or map; `"packagist.org": false` puts the default aside. */
export function readComposer(collector: EndpointCollector, text: string): boolean {
  const node = nodeOf(collector, readJsonNode(text));
  const repositories = childOf(node, 'repositories');
  const list =
    repositories?.kind === 'map' ? repositories.entries.map(({ value }) => value) : configItemsAt(repositories);
  for (const repository of list) {
    const url = childOf(repository, 'url');
    if (url?.kind === 'text') collector.value(url.text, { ...nobody, line: url.line, key: 'repositories.url' });
  }
  return [repositories, ...list].some((at) =>
    ['packagist', 'packagist.org'].some((key) => configTextAt(at, key) === 'false'),
  );
}

function xmlOf(collector: EndpointCollector, text: string): ConfigNode {
  return nodeOf(collector, readXmlNode(text)) ?? { kind: 'map', line: 1, entries: [] };
}

function nodeOf(collector: EndpointCollector, { node, fault }: NodeReading): ConfigNode | null {
  if (fault !== null) collector.fault(fault.line, fault.message);
  return node;
}
