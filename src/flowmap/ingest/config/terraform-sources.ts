import { type ConfigEntry, type ConfigNode, configTextAt } from './config-node.ts';
import { type EndpointCollector, nobody, type Place } from './endpoint-collector.ts';
import { fillHoles } from './fill-holes.ts';
import { declareDefaults } from './known-registries.ts';
import { readHostPort } from './url-endpoints.ts';

/**
 * Declares whence a module is fetched: a URL (`git::https://…`), `github.com/o/r`, `git@host:o/r.git`, `registry/ns/name/provider`, or
 * `ns/name/provider` of the public registry (implied).
 */
export function declareModuleSource(collector: EndpointCollector, source: string, place: Place): void {
  if (/^\.{1,2}\//.test(source) || source === '') return;
  const ssh = /^(?:git::)?[\w.-]+@([^:/]+):/.exec(source)?.[1];
  const parts = (source.split('?', 1)[0] ?? '').split('//', 1)[0]?.split('/') ?? [];
  const first = parts[0] ?? '';
  if (source.includes('://')) collector.value(source.replace(/^[a-z0-9]+::/, ''), place, { defaults: 'none' });
  else if (ssh !== undefined) declareHost(collector, ssh, { ...place, scheme: 'ssh', port: 22 });
  else if (first.includes('.')) declareHost(collector, first, { ...place, scheme: 'https', port: 443 });
  else if (parts.length === 3) declareDefaults(collector, 'terraform', place);
}

/** Declares the registry of a provider: `source = "registry.example/ns/type"`, or the public one where none is written (implied). */
export function declareProviderSource(collector: EndpointCollector, { key, line, value }: ConfigEntry): void {
  const name = key.split('.', 1)[0] ?? '';
  const isSource = key === `${name}.source`;
  const source = value.kind === 'text' && isSource ? value.text : configTextAt(value, 'source');
  if (key.includes('.') && !isSource) return;
  const place: Place = { ...nobody, line, key: 'required_providers' };
  const first = source.split('/', 1)[0] ?? '';
  if (first.includes('.') && first !== 'registry.terraform.io')
    declareHost(collector, first, { ...place, scheme: 'https', port: 443 });
  else declareDefaults(collector, 'terraform', place);
}

/** Declares where a state is kept. */
export function declareBackend(collector: EndpointCollector, type: string, settings: ConfigNode): void {
  const place: Place = { ...nobody, line: settings.line, key: `backend.${type}` };
  const text = (name: string): string => fillHoles(configTextAt(settings, name), 'none') || '*';
  const host = backendHosts[type]?.(text) ?? null;
  if (host !== null) declareHost(collector, host, { ...place, scheme: 'https', port: 443 });
  collector.tree(settings, place, { defaults: 'none' });
}

const backendHosts: Readonly<Record<string, (text: (name: string) => string) => string>> = {
  s3: (text) => `${text('bucket')}.s3.${text('region')}.amazonaws.com`,
  gcs: () => 'storage.googleapis.com',
  azurerm: (text) => `${text('storage_account_name')}.blob.core.windows.net`,
  remote: (text) => (text('hostname') === '*' ? 'app.terraform.io' : text('hostname')),
};

function declareHost(
  collector: EndpointCollector,
  host: string,
  place: Place & { readonly scheme: string; readonly port: number },
): void {
  const { scheme, port } = place;
  const found = readHostPort(fillHoles(host, 'none'));
  if (found !== null) collector.declare({ host: found.host, port, scheme, confidence: 'stated' }, place);
}
