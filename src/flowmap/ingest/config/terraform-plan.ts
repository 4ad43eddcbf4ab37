import type { ConfigDocument, ConfigFormat, ConfigReading } from '../config-format.ts';
import { type ConfigNode, childOf, configEntriesAt, configItemsAt, configTextAt } from './config-node.ts';
import { EndpointCollector, nobody } from './endpoint-collector.ts';
import { readJsonNode } from './read-json-node.ts';
import { declareResource } from './terraform-resources.ts';
import { declareModuleSource } from './terraform-sources.ts';

/** `terraform show -json` of a plan or a state, and the state file itself: what is meant to be, all modules written out. */
export const terraformPlanFormat: ConfigFormat = {
  id: 'terraform-plan',
  title: 'Terraform plan or state as JSON',
  detect({ path, text }: ConfigDocument): number {
    const head = text.slice(0, 65_536);
    if (!/^\s*\{/.test(head)) return 0;
    if (/"format_version"\s*:/.test(head) && /"(?:planned_values|resource_changes|terraform_version)"\s*:/.test(head))
      return 1;
    const isState = /"terraform_version"\s*:/.test(head) && /"(?:lineage|serial)"\s*:/.test(head);
    return isState ? 1 : /\.tfstate(?:\.backup)?$/.test(path) ? 0.5 : 0;
  },
  read(document, sink): ConfigReading {
    const collector = new EndpointCollector(document, sink);
    const { node, fault } = readJsonNode(collector.text);
    if (fault !== null) collector.fault(fault.line, fault.message);
    if (node !== null) readRoot(collector, node);
    return collector.reading();
  },
};

function readRoot(collector: EndpointCollector, root: ConfigNode): void {
  const module = childOf(root, 'planned_values', 'root_module') ?? childOf(root, 'values', 'root_module');
  if (module !== null) readModule(collector, module);
  else if (childOf(root, 'resource_changes') !== null) readChanges(collector, root);
  else readState(collector, root);
  readCalls(collector, childOf(root, 'configuration', 'root_module'));
}

function readModule(collector: EndpointCollector, module: ConfigNode): void {
  for (const resource of configItemsAt(module, 'resources')) {
    declareValues(collector, resource, childOf(resource, 'values'), childOf(resource, 'sensitive_values'));
  }
  for (const child of configItemsAt(module, 'child_modules')) readModule(collector, child);
}

function readChanges(collector: EndpointCollector, root: ConfigNode): void {
  for (const resource of configItemsAt(root, 'resource_changes')) {
    const change = childOf(resource, 'change');
    declareValues(collector, resource, childOf(change, 'after'), childOf(change, 'after_sensitive'));
  }
}

/** The state file marks what is sensitive by paths of its own; any attribute that a path starts with is left out whole. */
function readState(collector: EndpointCollector, root: ConfigNode): void {
  for (const resource of configItemsAt(root, 'resources')) {
    for (const instance of configItemsAt(resource, 'instances')) {
      const attributes = childOf(instance, 'attributes');
      if (attributes?.kind !== 'map') continue;
      const hidden = new Set(
        configItemsAt(instance, 'sensitive_attributes').map((path) => configTextAt(firstOf(path), 'value')),
      );
      const entries = attributes.entries.filter(({ key }) => !hidden.has(key));
      declareValues(collector, resource, { ...attributes, entries }, null);
    }
  }
}

function firstOf(path: ConfigNode): ConfigNode | null {
  return path.kind === 'list' ? (path.items[0] ?? null) : path;
}

function declareValues(
  collector: EndpointCollector,
  resource: ConfigNode,
  values: ConfigNode | null,
  marks: ConfigNode | null,
): void {
  const [type, name] = [configTextAt(resource, 'type'), configTextAt(resource, 'name')];
  const shown = values === null ? null : withoutSensitive(values, marks);
  if (shown !== null && !type.startsWith('random_') && !type.startsWith('tls_')) {
    declareResource(collector, { type, name, line: resource.line, values: shown });
  }
}

/** The marks have the shape of the values, with `true` for a whole branch that is sensitive. */
function withoutSensitive(values: ConfigNode, marks: ConfigNode | null): ConfigNode | null {
  if (marks === null) return values;
  if (marks.kind === 'text') return marks.text === 'true' ? null : values;
  if (values.kind === 'list' && marks.kind === 'list') {
    const items = values.items.map((item, index) => withoutSensitive(item, marks.items[index] ?? null));
    return { ...values, items: items.filter((item) => item !== null) };
  }
  if (values.kind !== 'map' || marks.kind !== 'map') return values;
  const entries = values.entries.flatMap((entry) => {
    const value = withoutSensitive(entry.value, childOf(marks, entry.key));
    return value === null ? [] : [{ ...entry, value }];
  });
  return { ...values, entries };
}

function readCalls(collector: EndpointCollector, module: ConfigNode | null): void {
  for (const { value } of configEntriesAt(module, 'module_calls')) {
    const source = childOf(value, 'source');
    const place = { ...nobody, line: source?.line ?? 1, key: 'source' };
    declareModuleSource(collector, configTextAt(value, 'source'), place);
    readCalls(collector, childOf(value, 'module'));
  }
}
