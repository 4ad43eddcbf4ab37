import {
  type ConfigNode,
  childOf,
  configEntriesAt,
  configItemsAt,
  configTextAt,
  configTextsAt,
  visitConfig,
  withLines,
} from './config-node.ts';
import { declaredHost, declaredPrefix } from './declared-host.ts';
import type { EndpointCollector, Place } from './endpoint-collector.ts';
import { fillHoles } from './fill-holes.ts';
import { declareImage } from './image-reference.ts';
import { readInnerJson } from './read-json-node.ts';
import { readYamlNodes } from './read-yaml-nodes.ts';

/** A resource, from source or from a plan. */
export interface TerraformResource {
  readonly type: string;
  readonly name: string;
  readonly line: number;
  readonly values: ConfigNode;
}

/** Types that run something of ours, so that their name is the service. */
const workloadType =
  /lambda_function|ecs_task_definition|ecs_service|cloud_run|cloudfunctions|container_app|container_group|function_app|web_app|app_service|app_runner|^kubernetes_(?:deployment|stateful_set|daemonset|cron_job|job|pod)|^helm_release|^nomad_job/;

/**
 * Declares what a resource names: first what its type says (egress rules, domain lists, service names of private endpoints, images,
 * values of a Helm release), then the endpoints in all its other texts.
 */
export function declareResource(collector: EndpointCollector, resource: TerraformResource): void {
  const { type, values, line } = resource;
  const service = workloadType.test(type) ? serviceOf(resource) : null;
  const place: Place = { service, schedule: null, line, key: type };
  declareEgress(collector, resource, place);
  declareDomains(collector, type, values, place);
  declareServiceName(collector, type, values, place);
  if (service !== null) declareImages(collector, values, place);
  const entries = configEntriesAt(values).filter(({ key }) => !typedKey.test(key));
  const isRelease = type === 'helm_release';
  for (const { key, value } of entries)
    if (isRelease && key === 'values') declareValues(collector, value, { ...place, key });
  // All at once, so that the `port` of a resource goes with its `address`.
  const rest = entries.filter(({ key }) => !isRelease || key !== 'values');
  collector.tree({ kind: 'map', line, entries: rest }, { ...place, key: null }, { defaults: 'none' });
}

/** Keys that the typed reading has taken, or that name what comes in. */
const typedKey =
  /^(?:ingress|egress|tags|tags_all|labels|annotations|description|assume_role_policy|policy|inline_policy|image_uri)(?:\.|$)/;

function serviceOf({ name, values }: TerraformResource): string {
  for (const key of ['function_name', 'family', 'name']) {
    const own = configTextAt(values, key);
    if (own !== '' && !own.includes('*')) return own;
  }
  const inner = configTextAt(configItemsAt(values, 'metadata')[0] ?? null, 'name');
  return inner === '' || inner.includes('*') ? name : inner;
}

function declareEgress(collector: EndpointCollector, { type, values }: TerraformResource, place: Place): void {
  const rules = [...configItemsAt(values, 'egress'), ...(isEgressRule(type, values) ? [values] : [])];
  for (const rule of rules) {
    const port = portOfRule(rule);
    for (const { text, line } of prefixKeys.flatMap((key) => configTextsAt(rule, key))) {
      const host = declaredPrefix(text);
      const at = { ...place, line, key: 'egress' };
      if (host !== null) collector.declare({ host, port, scheme: null, confidence: 'stated' }, at);
    }
  }
}

function isEgressRule(type: string, values: ConfigNode): boolean {
  if (type === 'aws_security_group_rule') return configTextAt(values, 'type') === 'egress';
  if (type === 'google_compute_firewall') return configTextAt(values, 'direction').toUpperCase() === 'EGRESS';
  return type === 'aws_vpc_security_group_egress_rule';
}

const prefixKeys = ['cidr_blocks', 'ipv6_cidr_blocks', 'cidr_ipv4', 'cidr_ipv6', 'destination_ranges'];

/** The port of a rule for just one. */
function portOfRule(rule: ConfigNode): number | null {
  const from = configTextAt(rule, 'from_port');
  const port = from === configTextAt(rule, 'to_port') ? Number(from || 'none') : Number.NaN;
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : null;
}

/** Lists of names that a firewall lets pass: intended endpoints by definition. */
function declareDomains(collector: EndpointCollector, type: string, values: ConfigNode, place: Place): void {
  if (!/firewall|fqdn/i.test(type)) return;
  visitConfig(values, (node, path) => {
    if (node.kind === 'map') return !isDenying(node);
    if (node.kind === 'list') return true;
    const key = path.slice(path.lastIndexOf('.') + 1);
    const isName = /^(?:targets|target_fqdns|destination_fqdns|fqdns|domains|dest_fqdns)$/.test(key);
    const host = isName ? declaredHost(fillHoles(node.text.replace(/^\./, '*.'), 'none')) : null;
    if (host !== null)
      collector.declare({ host, port: null, scheme: null, confidence: 'stated' }, { ...place, line: node.line, key });
    return false;
  });
}

function isDenying(node: ConfigNode): boolean {
  const action = configTextAt(node, 'generated_rules_type') || configTextAt(node, 'action');
  return /^(?:DENYLIST|Deny|BLOCK|drop)$/i.test(action);
}

/** `com.amazonaws.eu-west-1.s3` is `s3.eu-west-1.amazonaws.com`. */
function declareServiceName(collector: EndpointCollector, type: string, values: ConfigNode, place: Place): void {
  const name = childOf(values, 'service_name');
  if (type !== 'aws_vpc_endpoint' || name?.kind !== 'text') return;
  const [, region, service] = /^com\.amazonaws\.([a-z0-9-]+|\*)\.([a-z0-9.-]+)$/.exec(name.text) ?? [];
  if (region === undefined || service === undefined) return;
  const host = declaredHost(`${service.split('.').toReversed().join('.')}.${region}.amazonaws.com`);
  const at = { ...place, line: name.line, key: 'service_name' };
  if (host !== null) collector.declare({ host, port: 443, scheme: 'https', confidence: 'implied' }, at);
}

function declareImages(collector: EndpointCollector, values: ConfigNode, place: Place): void {
  visitConfig(values, (node, path) => {
    if (node.kind !== 'text') return true;
    const key = path.slice(path.lastIndexOf('.') + 1);
    if (key === 'image' || key === 'image_uri') {
      declareImage(collector, fillHoles(node.text, 'none'), { ...place, line: node.line, key });
    }
    const inner = key === 'container_definitions' ? readInnerJson(node.text, node.line) : null;
    if (inner !== null) declareImages(collector, node.isBlock ? inner : withLines(inner, () => node.line), place);
    return false;
  });
}

/** The values of a Helm release are YAML, each in one text. */
function declareValues(collector: EndpointCollector, values: ConfigNode, place: Place): void {
  for (const { text, line, isBlock } of configTextsAt(values)) {
    for (const node of readYamlNodes(text, () => {})) {
      collector.tree(
        withLines(node, (inner) => (isBlock ? line + inner - 1 : line)),
        { ...place, line },
      );
    }
  }
}
