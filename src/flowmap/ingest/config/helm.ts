import type { ConfigDocument, ConfigFormat, ConfigReading } from '../config-format.ts';
import { type ConfigNode, childOf, configEntriesAt, configItemsAt, configTextAt, visitConfig } from './config-node.ts';
import { EndpointCollector, nobody, type Place } from './endpoint-collector.ts';
import { declareImage } from './image-reference.ts';
import { readYamlNodes } from './read-yaml-nodes.ts';
import { readSettings } from './settings-text.ts';

/** Helm charts: values, dependencies, and what templates say literally. Templates are not run: `helm template` gives `kubernetes` more. */
export const helmFormat: ConfigFormat = {
  id: 'helm',
  title: 'Helm chart: values, dependencies, templates',
  detect({ path, text }: ConfigDocument): number {
    const head = text.slice(0, 65_536);
    if (/(?:^|\/)(?:Chart|requirements)\.ya?ml$/.test(path))
      return /^(?:apiVersion|dependencies|name)\s*:/m.test(head) ? 1 : 0.3;
    if (/(?:^|\/)templates\/.*\.(?:ya?ml|tpl|txt)$/.test(path) && head.includes('{{')) return 0.97;
    const isValues = /(?:^|\/)values[\w.-]*\.ya?ml$/.test(path) || /(?:^|[/.-])values\.ya?ml$/.test(path);
    if (isValues) return /^kind\s*:/m.test(head) && /^apiVersion\s*:/m.test(head) ? 0.2 : 0.9;
    return /\{\{-?\s*(?:\.Values|include|template|if|range|with)\b/.test(head) ? 0.6 : 0;
  },
  read(document, sink): ConfigReading {
    const collector = new EndpointCollector(document, sink);
    const { text } = collector;
    if (text.includes('{{') && !/(?:^|\/)values[^/]*$/.test(document.path)) declareTemplate(collector, text);
    else {
      for (const node of readYamlNodes(text, (line, message) => collector.fault(line, message)))
        declareChart(collector, node);
    }
    return collector.reading();
  },
};

function declareChart(collector: EndpointCollector, node: ConfigNode): void {
  const isChart =
    childOf(node, 'dependencies') !== null ||
    (childOf(node, 'apiVersion') !== null && childOf(node, 'version') !== null);
  if (!isChart) {
    declareValues(collector, node);
    return;
  }
  for (const dependency of configItemsAt(node, 'dependencies')) {
    const repository = childOf(dependency, 'repository');
    // `@name` and `alias:name` stand for a repository that the user's own configuration names.
    if (repository?.kind !== 'text' || /^(?:@|alias:|file:)/.test(repository.text)) continue;
    collector.value(repository.text, { ...nobody, line: repository.line, key: 'dependencies.repository' });
  }
}

/** `image.registry` beside `image.repository`, an `image` that is one text, `ingress` that comes in, and all other texts. */
function declareValues(collector: EndpointCollector, values: ConfigNode): void {
  for (const { key, line, value } of configEntriesAt(values)) {
    if (/^(?:ingress|gateway|httpRoute)$/.test(key)) continue;
    const place: Place = { ...nobody, line, key };
    declareValueImages(collector, value, place);
    collector.tree(value, place);
  }
}

function declareValueImages(collector: EndpointCollector, values: ConfigNode, place: Place): void {
  const root = place.key ?? '';
  visitConfig(
    values,
    (node, path) => {
      const at = { ...place, line: node.line, key: path };
      if (node.kind === 'text' && /(?:^|\.)(?:image|imageName)$/.test(path)) declareImage(collector, node.text, at);
      const repository = childOf(node, 'repository');
      const registry = configTextAt(node, 'registry');
      const isImage = registry !== '' || childOf(node, 'tag') !== null || /image$/i.test(path);
      if (repository?.kind === 'text' && isImage) {
        const image = registry === '' ? repository.text : `${registry}/${repository.text}`;
        declareImage(collector, image, { ...at, line: repository.line });
      }
      return true;
    },
    root,
  );
}

/** A template is no YAML before it is rendered: its lines are read one by one, actions as holes. */
function declareTemplate(collector: EndpointCollector, text: string): void {
  const plain = withoutComments(text);
  if (/^kind\s*:\s*(?:Ingress|Secret|HTTPRoute|Gateway)\b/m.test(plain)) return;
  let name = '';
  for (const setting of readSettings(plain, { line: 1, isBlock: true, key: null })) {
    if (setting.key === 'name') name = setting.text;
    if (setting.key === 'image') declareImage(collector, setting.text, { ...nobody, line: setting.line, key: 'image' });
    else if (setting.key === 'value' && /^\w+$/.test(name)) collector.settings([{ ...setting, key: name }], nobody);
    else collector.settings([setting], nobody);
  }
}

/** Comments (two braces and a slash with a star) blanked out, line ends kept. */
function withoutComments(text: string): string {
  const parts: string[] = [];
  let at = 0;
  for (const { index } of text.matchAll(/\{\{-?\s{0,20}\/\*/g)) {
    if (index < at) continue;
    const end = text.indexOf('*/', index);
    if (end < 0) break;
    parts.push(text.slice(at, index), text.slice(index, end + 2).replaceAll(/[^\n]/g, ''));
    at = end + 2;
  }
  return parts.join('') + text.slice(at).replaceAll(/^(\s*)-?\}\}/gm, '$1');
}
