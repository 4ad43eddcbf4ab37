import type { EndpointCollector, Place } from './endpoint-collector.ts';

/** A tool that asks a registry of its own where nothing is configured. */
export type RegistryTool =
  | 'npm'
  | 'yarn'
  | 'pypi'
  | 'maven'
  | 'gradle'
  | 'nuget'
  | 'rubygems'
  | 'cargo'
  | 'go'
  | 'composer'
  | 'docker'
  | 'github'
  | 'debian'
  | 'ubuntu'
  | 'alpine'
  | 'terraform';

/**
 * Hosts that a tool asks when nothing else is configured, by tool, as the tools' manuals say (read 2026-11-28). The hosts that a default
 * registry sends its clients to for the files are there too.
 */
export const defaultRegistries: Readonly<Record<RegistryTool, readonly string[]>> = {
  npm: ['registry.npmjs.org'],
  yarn: ['registry.yarnpkg.com'],
  pypi: ['pypi.org', 'files.pythonhosted.org'],
  maven: ['repo.maven.apache.org'],
  gradle: ['plugins.gradle.org', 'services.gradle.org'],
  nuget: ['api.nuget.org'],
  rubygems: ['rubygems.org', 'index.rubygems.org'],
  cargo: ['index.crates.io', 'static.crates.io'],
  go: ['proxy.golang.org', 'sum.golang.org'],
  composer: ['repo.packagist.org', 'api.github.com'],
  docker: ['registry-1.docker.io', 'auth.docker.io', 'production.cloudflare.docker.com'],
  github: ['github.com', 'api.github.com', 'codeload.github.com'],
  debian: ['deb.debian.org'],
  ubuntu: ['archive.ubuntu.com', 'security.ubuntu.com'],
  alpine: ['dl-cdn.alpinelinux.org'],
  terraform: ['registry.terraform.io', 'releases.hashicorp.com'],
};

/** Declares what a tool asks by default, as implied. */
export function declareDefaults(collector: EndpointCollector, tool: RegistryTool, place: Place): void {
  for (const host of defaultRegistries[tool]) {
    collector.declare({ host, port: 443, scheme: 'https', confidence: 'implied' }, place);
  }
}
