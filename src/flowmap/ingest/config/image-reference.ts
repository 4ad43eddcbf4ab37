import type { EndpointCollector, Place } from './endpoint-collector.ts';
import { fillHoles } from './fill-holes.ts';
import { declareDefaults } from './known-registries.ts';
import { readHostPort } from './url-endpoints.ts';

/**
 * Declares the registry of a container image: `registry.example:5000/team/app:1.2` names it, `nginx` and `team/app` leave it to the
 * default (implied). `scratch` and images whose registry is a hole declare nothing.
 */
export function declareImage(collector: EndpointCollector, image: string, place: Place): void {
  const text = fillHoles(image.trim().replace(/^(?:docker|oci|docker-pullable):\/\//, ''));
  if (text === '' || text === 'scratch' || /\s/.test(text)) return;
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  // The first part is a registry where it has a dot or a port, or is `localhost` (the rule of the reference grammar).
  const isRegistry = /[.:]/.test(first) || first === 'localhost';
  if (!isRegistry || /^(?:index\.)?docker\.io$/.test(first)) {
    if (!text.startsWith('*')) declareDefaults(collector, 'docker', place);
    return;
  }
  const found = readHostPort(first);
  if (found !== null)
    collector.declare({ ...found, port: found.port ?? 443, scheme: 'https', confidence: 'stated' }, place);
}
