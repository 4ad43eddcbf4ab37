import type { ConfigDocument, ConfigFormat, ConfigReading } from '../config-format.ts';
import type { ConfigEntry, ConfigMap, ConfigNode } from './config-node.ts';
import { childOf, configEntriesAt, configTextAt } from './config-node.ts';
import { EndpointCollector, nobody } from './endpoint-collector.ts';
import { type HclAttribute, type HclItem, readHcl } from './hcl-reader.ts';
import { readJsonNode } from './read-json-node.ts';
import { declareResource } from './terraform-resources.ts';
import { declareBackend, declareModuleSource, declareProviderSource } from './terraform-sources.ts';

/** Terraform and OpenTofu sources: `.tf`, `.tf.json`, `.tfvars`. Literals are read, expressions are not evaluated. */
export const terraformFormat: ConfigFormat = {
  id: 'terraform',
  title: 'Terraform configuration',
  detect({ path, text }: ConfigDocument): number {
    if (/\.(?:tf|tofu|tfvars)(?:\.json)?$/i.test(path)) return 1;
    const isHcl = /^\s*(?:resource|data|module|provider|variable|terraform|locals)\s*(?:"[^"\n]+"\s*){0,2}\{\s*$/m.test(
      text.slice(0, 65_536),
    );
    if (/\.hcl$/i.test(path))
      return isHcl || /^\s*(?:inputs|include|remote_state)\b/m.test(text.slice(0, 65_536)) ? 0.9 : 0.3;
    return isHcl ? 0.7 : 0;
  },
  read(document, sink): ConfigReading {
    const collector = new EndpointCollector(document, sink);
    const root = document.path.endsWith('.json') ? readJson(collector) : readSource(collector);
    if (root !== null) declareRoot(collector, root, /\.tfvars(?:\.json)?$/i.test(document.path));
    return collector.reading();
  },
};

function readJson(collector: EndpointCollector): ConfigNode | null {
  const { node, fault } = readJsonNode(collector.text);
  if (fault !== null) collector.fault(fault.line, fault.message);
  return node;
}

/** HCL in the shape that its JSON form has, so that one walk reads both: `resource.<type>.<name>`. */
function readSource(collector: EndpointCollector): ConfigNode {
  const { items, faults } = readHcl(collector.text);
  for (const { line, message } of faults) collector.fault(line, message);
  return { kind: 'map', line: 1, entries: items.flatMap(entryOf) };
}

function entryOf(item: HclItem): readonly ConfigEntry[] {
  if (item.kind === 'attribute') return entriesOfAttribute(item);
  const { line, type, labels } = item;
  const body: ConfigMap = { kind: 'map', line, entries: item.body.flatMap(entryOf) };
  const value = labels.reduceRight<ConfigMap>(
    (inner, key) => ({ kind: 'map', line, entries: [{ key, line, value: inner }] }),
    body,
  );
  return [{ key: type, line, value }];
}

function entriesOfAttribute({ name, line, literals }: HclAttribute): readonly ConfigEntry[] {
  const own = literals.filter(({ path }) => path === '').map((literal): ConfigNode => ({ kind: 'text', ...literal }));
  const value: ConfigNode = own.length === 1 && own[0] !== undefined ? own[0] : { kind: 'list', line, items: own };
  const inner = literals
    .filter(({ path }) => path !== '')
    .map(
      (literal): ConfigEntry => ({
        key: `${name}.${literal.path}`,
        line: literal.line,
        value: { kind: 'text', ...literal },
      }),
    );
  return own.length === 0 ? inner : [{ key: name, line, value }, ...inner];
}

type DeclareBlock = (collector: EndpointCollector, value: ConfigNode) => void;

function declareRoot(collector: EndpointCollector, root: ConfigNode, isValues: boolean): void {
  for (const { key, line, value } of configEntriesAt(root)) {
    const declareBlock = isValues ? undefined : blocks[key];
    if (declareBlock === undefined) collector.tree(value, { ...nobody, line, key }, { defaults: 'none' });
    else declareBlock(collector, value);
  }
}

/** An output's value is read by other configurations; a check, a test or a move holds no endpoint of a service. */
const declareNothing: DeclareBlock = () => {};

const blocks: Readonly<Record<string, DeclareBlock>> = {
  resource: declareResources,
  data: declareResources,
  variable: declareVariables,
  module: declareModules,
  terraform: declareSettings,
  output: declareNothing,
  check: declareNothing,
  moved: declareNothing,
  removed: declareNothing,
  import: declareNothing,
  run: declareNothing,
};

function declareResources(collector: EndpointCollector, byType: ConfigNode): void {
  for (const { key: type, value: byName } of configEntriesAt(byType)) {
    for (const { key: name, line, value } of configEntriesAt(byName))
      declareResource(collector, { type, name, line, values: value });
  }
}

function declareVariables(collector: EndpointCollector, byName: ConfigNode): void {
  for (const { key, line, value } of configEntriesAt(byName)) {
    if (configTextAt(value, 'sensitive') === 'true') continue;
    for (const entry of configEntriesAt(value)) {
      if (/^default(?:\.|$)/.test(entry.key)) {
        collector.tree(entry.value, { ...nobody, line, key: `${key}${entry.key.slice(7)}` }, { defaults: 'none' });
      }
    }
  }
}

function declareModules(collector: EndpointCollector, byName: ConfigNode): void {
  for (const { key: name, value } of configEntriesAt(byName)) {
    for (const entry of configEntriesAt(value)) {
      const place = { ...nobody, line: entry.line, key: entry.key };
      if (entry.key === 'source') declareModuleSource(collector, configTextAt(value, 'source'), place);
      else collector.tree(entry.value, { ...place, service: name }, { defaults: 'none' });
    }
  }
}

function declareSettings(collector: EndpointCollector, settings: ConfigNode): void {
  for (const provider of configEntriesAt(settings, 'required_providers')) declareProviderSource(collector, provider);
  for (const { key, value } of configEntriesAt(settings, 'backend')) declareBackend(collector, key, value);
  const cloud = childOf(settings, 'cloud');
  if (cloud === null) return;
  const host = configTextAt(cloud, 'hostname');
  const place = { ...nobody, line: cloud.line, key: 'cloud' };
  collector.value(`https://${host === '' ? 'app.terraform.io' : host}`, place);
}
