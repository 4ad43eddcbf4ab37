import type { ConfigDocument, ConfigFormat, ConfigReading } from '../config-format.ts';
import { declareCommands } from './command-endpoints.ts';
import {
  type ConfigEntry,
  type ConfigNode,
  childOf,
  configEntriesAt,
  configItemsAt,
  configTextAt,
  type configTextsAt,
} from './config-node.ts';
import { EndpointCollector, type Owner } from './endpoint-collector.ts';
import { fillHoles } from './fill-holes.ts';
import { declareImage } from './image-reference.ts';
import { knownActions } from './known-actions.ts';
import { declareDefaults } from './known-registries.ts';
import { readYamlNodes } from './read-yaml-nodes.ts';
import { readHostPort } from './url-endpoints.ts';

/** Workflows and composite actions of GitHub Actions; a job is a service. */
export const githubActionsFormat: ConfigFormat = {
  id: 'github-actions',
  title: 'GitHub Actions workflow',
  detect({ path, text }: ConfigDocument): number {
    const head = text.slice(0, 65_536);
    const isWorkflow = /^["']?on["']?\s*:/m.test(head) && /^jobs\s*:/m.test(head);
    if (/(?:^|\/)\.(?:github|gitea|forgejo)\/workflows\/[^/]+\.ya?ml$/.test(path)) return isWorkflow ? 1 : 0.6;
    if (/(?:^|\/)action\.ya?ml$/.test(path) && /^runs\s*:/m.test(head)) return 0.95;
    return isWorkflow ? 0.85 : 0;
  },
  read(document, sink): ConfigReading {
    const collector = new EndpointCollector(document, sink);
    const nodes = readYamlNodes(collector.text, (line, message) => collector.fault(line, message));
    for (const node of nodes) declareWorkflow(collector, node);
    return collector.reading();
  },
};

function declareWorkflow(collector: EndpointCollector, workflow: ConfigNode): void {
  const crons = configItemsAt(workflow, 'on', 'schedule').map((entry) => configTextAt(entry, 'cron'));
  const schedule = crons.filter((cron) => cron !== '').join('; ') || null;
  declareEnvironment(collector, childOf(workflow, 'env'), { service: null, schedule });
  for (const { key, value } of configEntriesAt(workflow, 'jobs'))
    declareJob(collector, value, { service: key, schedule });
  const runs = childOf(workflow, 'runs');
  const image = childOf(runs, 'image');
  const owner: Owner = { service: null, schedule: null };
  if (image?.kind === 'text' && image.text !== 'Dockerfile')
    declareImage(collector, image.text, { ...owner, line: image.line, key: 'runs.image' });
  for (const step of configItemsAt(runs, 'steps')) declareStep(collector, step, owner);
}

function declareJob(collector: EndpointCollector, job: ConfigNode, owner: Owner): void {
  declareEnvironment(collector, childOf(job, 'env'), owner);
  declareContainer(collector, childOf(job, 'container'), owner);
  for (const { value } of configEntriesAt(job, 'services')) declareContainer(collector, value, owner);
  const uses = childOf(job, 'uses');
  if (uses?.kind === 'text') declareUse(collector, uses.text, { ...owner, line: uses.line, key: 'uses' });
  for (const step of configItemsAt(job, 'steps')) declareStep(collector, step, owner);
  if (configTextAt(job, 'permissions', 'id-token') === 'write') {
    const line = childOf(job, 'permissions', 'id-token')?.line ?? job.line;
    const found = {
      host: '*.actions.githubusercontent.com',
      port: 443,
      scheme: 'https',
      confidence: 'implied',
    } as const;
    collector.declare(found, { ...owner, line, key: 'permissions.id-token' });
  }
}

function declareContainer(collector: EndpointCollector, container: ConfigNode | null, owner: Owner): void {
  if (container === null) return;
  const image = container.kind === 'text' ? container : childOf(container, 'image');
  if (image?.kind === 'text') declareImage(collector, image.text, { ...owner, line: image.line, key: 'image' });
  declareEnvironment(collector, childOf(container, 'env'), owner);
}

function declareStep(collector: EndpointCollector, step: ConfigNode, owner: Owner): void {
  declareEnvironment(collector, childOf(step, 'env'), owner);
  const run = childOf(step, 'run');
  if (run?.kind === 'text') declareCommands(collector, run.text, { ...owner, line: run.line, key: 'run' }, run.isBlock);
  const uses = childOf(step, 'uses');
  if (uses?.kind === 'text') declareUse(collector, uses.text, { ...owner, line: uses.line, key: 'uses' });
  for (const entry of configEntriesAt(step, 'with')) declareInput(collector, entry, owner);
}

function declareEnvironment(collector: EndpointCollector, node: ConfigNode | null, owner: Owner): void {
  const settings = configEntriesAt(node).flatMap(({ key, value }) =>
    value.kind === 'text' ? [{ ...value, key }] : [],
  );
  collector.settings(settings, owner);
}

/** `owner/repository/path@ref` comes from GitHub; `docker://image` from its registry; `./path` is in the repository. */
function declareUse(collector: EndpointCollector, uses: string, place: Parameters<typeof declareImage>[2]): void {
  if (uses.startsWith('./') || uses === '') return;
  if (uses.startsWith('docker://')) {
    declareImage(collector, uses, place);
    return;
  }
  declareDefaults(collector, 'github', place);
  const action = (uses.split('@', 1)[0] ?? '').toLowerCase();
  const known = knownActions.find((row) => action === row.action || action.startsWith(`${row.action}/`));
  for (const host of known?.hosts ?? []) {
    collector.declare({ host, port: 443, scheme: 'https', confidence: 'implied' }, place);
  }
}

/** `allowed-endpoints` is an allowlist that somebody made already; `registry` and `registry-url` name where to log on. */
function declareInput(collector: EndpointCollector, { key, value }: ConfigEntry, owner: Owner): void {
  if (value.kind !== 'text') return;
  const place = { ...owner, line: value.line, key: `with.${key}` };
  if (key === 'allowed-endpoints' || key === 'allowed_endpoints') declareAllowed(collector, value, owner);
  else if (key === 'script' || key === 'inlineScript') declareCommands(collector, value.text, place, value.isBlock);
  else if (key === 'registry' && !value.text.includes('://')) declareImage(collector, `${value.text}/x`, place);
  else collector.value(value.text, place, { isBlock: value.isBlock });
}

function declareAllowed(
  collector: EndpointCollector,
  value: ReturnType<typeof configTextsAt>[number],
  owner: Owner,
): void {
  for (const [index, line] of value.text.split('\n').entries()) {
    for (const word of line.split(/[\s,]+/)) {
      const found = readHostPort(fillHoles(word));
      const place = { ...owner, line: value.line + (value.isBlock ? index : 0), key: 'with.allowed-endpoints' };
      if (found !== null) collector.declare({ ...found, scheme: null, confidence: 'stated' }, place);
    }
  }
}
