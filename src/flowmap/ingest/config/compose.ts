import type { ConfigDocument, ConfigFormat, ConfigReading } from '../config-format.ts';
import { declareCommands } from './command-endpoints.ts';
import {
  type ConfigEntry,
  type ConfigNode,
  childOf,
  configEntriesAt,
  configItemsAt,
  configTextAt,
  configTextsAt,
} from './config-node.ts';
import { EndpointCollector, type Owner, type Setting } from './endpoint-collector.ts';
import { declareImage } from './image-reference.ts';
import { readYamlNodes } from './read-yaml-nodes.ts';

/** Docker Compose files: environment, images, hosts, builds and health checks of each service. Files of `env_file` are read by themselves. */
export const composeFormat: ConfigFormat = {
  id: 'compose',
  title: 'Docker Compose file',
  detect({ path, text }: ConfigDocument): number {
    const head = text.slice(0, 65_536);
    if (!/^(?:services|include)\s*:/m.test(head) || /^(?:apiVersion|stages|jobs)\s*:/m.test(head)) return 0;
    if (/(?:^|\/)(?:docker-)?compose[\w.-]*\.ya?ml$/.test(path)) return 1;
    return /^ +(?:image|build|depends_on|container_name)\s*:/m.test(head) ? 0.7 : 0.1;
  },
  read(document, sink): ConfigReading {
    const collector = new EndpointCollector(document, sink);
    const nodes = readYamlNodes(collector.text, (line, message) => collector.fault(line, message));
    for (const node of nodes) for (const entry of configEntriesAt(node, 'services')) declareService(collector, entry);
    return collector.reading();
  },
};

function declareService(collector: EndpointCollector, { key: name, value: service }: ConfigEntry): void {
  const owner: Owner = { service: name, schedule: null };
  collector.settings(environmentOf(childOf(service, 'environment')), owner);
  const image = childOf(service, 'image');
  // An image that is built here is pulled from nowhere, its name is only a label.
  if (image?.kind === 'text' && childOf(service, 'build') === null) {
    declareImage(collector, image.text, { ...owner, line: image.line, key: 'image' });
  }
  declareBuild(collector, childOf(service, 'build'), owner);
  declareExtraHosts(collector, childOf(service, 'extra_hosts'), owner);
  for (const key of ['command', 'entrypoint'])
    declareCommand(collector, childOf(service, key), { ...owner, line: 1, key });
  const check = childOf(service, 'healthcheck', 'test');
  declareCommand(collector, check, { ...owner, line: 1, key: 'healthcheck.test' });
  for (const key of ['logging', 'dns', 'configs', 'x-env']) {
    const node = childOf(service, key);
    if (node !== null) collector.tree(node, { ...owner, line: node.line, key: key === 'dns' ? 'dns.server' : key });
  }
}

/** A map, or a list of `KEY=value`; a key alone takes its value from who starts it. */
function environmentOf(node: ConfigNode | null): readonly Setting[] {
  if (node?.kind === 'list') {
    return configTextsAt(node).flatMap(({ text, line }) => {
      const mark = text.indexOf('=');
      return mark < 0 ? [] : [{ key: text.slice(0, mark), text: text.slice(mark + 1), line }];
    });
  }
  return configEntriesAt(node).flatMap(({ key, value }) => (value.kind === 'text' ? [{ ...value, key }] : []));
}

function declareBuild(collector: EndpointCollector, build: ConfigNode | null, owner: Owner): void {
  if (build === null) return;
  const context = build.kind === 'text' ? build : childOf(build, 'context');
  if (context?.kind === 'text') {
    const text = context.text.replace(/^git@([^:/]+):/, 'ssh://git@$1/').replace(/^(github\.com\/)/, 'https://$1');
    if (text.includes('://')) collector.value(text, { ...owner, line: context.line, key: 'build.context' });
  }
  collector.settings(environmentOf(childOf(build, 'args')), owner);
}

/** `name:address` or `name=address`, as list or map: the address is what is connected to under that name. */
function declareExtraHosts(collector: EndpointCollector, node: ConfigNode | null, owner: Owner): void {
  const pairs =
    node?.kind === 'map'
      ? configEntriesAt(node).map(({ key, line, value }) => ({ line, name: key, address: configTextAt(value) }))
      : configTextsAt(node).map(({ text, line }) => {
          const mark = text.search(/[:=]/);
          return { line, name: text.slice(0, Math.max(mark, 0)), address: text.slice(mark + 1) };
        });
  const settings = pairs
    .filter(({ address }) => !/^(?:host-gateway|127\.|::1$|\[::1\]$)/.test(address))
    .flatMap(({ line, name, address }) => [
      { key: 'extra_hosts.host', text: name, line },
      { key: 'extra_hosts.address', text: address, line },
    ]);
  collector.settings(settings, owner);
}

function declareCommand(
  collector: EndpointCollector,
  node: ConfigNode | null,
  place: Parameters<EndpointCollector['words']>[1],
): void {
  if (node?.kind === 'text') {
    collector.words(
      node.text.split(/\s+/).map((text) => ({ text, line: node.line })),
      place,
    );
    declareCommands(collector, node.text, { ...place, line: node.line }, node.isBlock);
  } else if (node !== null)
    collector.words(
      configItemsAt(node).filter((item) => item.kind === 'text'),
      place,
    );
}
