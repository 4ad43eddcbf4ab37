import type { ConfigDocument, ConfigFormat, ConfigReading } from '../config-format.ts';
import { EndpointCollector, nobody } from './endpoint-collector.ts';
import { declareDefaults, type RegistryTool } from './known-registries.ts';
import {
  readAptSources,
  readGemfile,
  readGoModule,
  readGradle,
  readPackageLines,
  readRequirements,
} from './package-lines.ts';
import { readLockFile } from './package-locks.ts';
import {
  readComposer,
  readMaven,
  readNuget,
  readPackageJson,
  readPackageToml,
  readPackageYaml,
} from './package-manifests.ts';

/** Reads one kind of file; true where it names a registry in place of the default one. */
type ReadPackageFile = (collector: EndpointCollector, text: string) => boolean;

/** Files of package managers by name, and whose default registry holds where the file names no other. */
const packageFiles: readonly {
  readonly name: RegExp;
  readonly read: ReadPackageFile;
  readonly implies: RegistryTool | null;
}[] = [
  { name: /(?:^|\/)\.?npmrc$/, read: readPackageLines, implies: null },
  { name: /(?:^|\/)\.yarnrc$/, read: readPackageLines, implies: null },
  {
    name: /(?:^|\/)(?:\.yarnrc\.ya?ml|pnpm-workspace\.yaml|\.bundle\/config|\.condarc|\.gemrc)$/,
    read: readPackageYaml,
    implies: null,
  },
  { name: /(?:^|\/)package\.json$/, read: readPackageJson, implies: 'npm' },
  {
    name: /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lock|poetry\.lock|uv\.lock|pdm\.lock|Pipfile\.lock|Cargo\.lock|composer\.lock|Gemfile\.lock|gems\.locked)$/,
    read: readLockFile,
    implies: null,
  },
  { name: /(?:^|\/)(?:pip\.conf|pip\.ini|\.pypirc|\.pydistutils\.cfg)$/, read: readPackageLines, implies: null },
  {
    name: /(?:^|\/)(?:requirements|constraints)[\w.-]*\.(?:txt|in)$|(?:^|\/)requirements\/[\w.-]+\.txt$/,
    read: readRequirements,
    implies: 'pypi',
  },
  { name: /(?:^|\/)(?:pyproject\.toml|Pipfile)$/, read: readPackageToml, implies: 'pypi' },
  { name: /(?:^|\/)uv\.toml$/, read: readPackageToml, implies: null },
  { name: /(?:^|\/)(?:pom\.xml|[\w.-]+\.pom)$/, read: readMaven, implies: 'maven' },
  { name: /(?:^|\/)settings(?:-security)?\.xml$/, read: readMaven, implies: null },
  { name: /(?:^|\/)(?:build|settings|init)\.gradle(?:\.kts)?$/, read: readGradle, implies: 'gradle' },
  { name: /(?:^|\/)(?:gradle-wrapper|maven-wrapper)\.properties$/, read: readPackageLines, implies: null },
  { name: /(?:^|\/)nuget\.config$/i, read: readNuget, implies: null },
  { name: /\.(?:cs|fs|vb)proj$|(?:^|\/)packages\.config$/, read: readNuget, implies: 'nuget' },
  { name: /(?:^|\/)(?:Gemfile|gems\.rb)$/, read: readGemfile, implies: 'rubygems' },
  { name: /(?:^|\/)\.cargo\/config(?:\.toml)?$/, read: readPackageToml, implies: null },
  { name: /(?:^|\/)Cargo\.toml$/, read: readPackageToml, implies: 'cargo' },
  { name: /(?:^|\/)go\.(?:mod|work)$/, read: readGoModule, implies: 'go' },
  { name: /(?:^|\/)composer\.json$/, read: readComposer, implies: 'composer' },
  {
    name: /(?:^|\/)sources\.list$|(?:^|\/)(?:sources\.list\.d|yum\.repos\.d|apk)\/[^/]+$|\.(?:sources|repo)$/,
    read: readAptSources,
    implies: null,
  },
];

/** What package managers fetch from: their own configuration, manifests and lock files. A manifest alone implies the default registry. */
export const packageManagersFormat: ConfigFormat = {
  id: 'package-managers',
  title: 'Manifests, locks and settings of package managers',
  detect({ path, text }: ConfigDocument): number {
    const file = packageFiles.find(({ name }) => name.test(path));
    if (file === undefined)
      return /^deb(?:-src)?\s+(?:\[[^\]\n]*\]\s+)?https?:\/\//m.test(text.slice(0, 16_384)) ? 0.6 : 0;
    // Other programs have a `settings.xml` too.
    if (/settings\.xml$/.test(path)) return /<settings\b/.test(text.slice(0, 16_384)) ? 0.95 : 0;
    return 0.95;
  },
  read(document, sink): ConfigReading {
    const collector = new EndpointCollector(document, sink);
    const file = packageFiles.find(({ name }) => name.test(document.path));
    const hasOwn = (file?.read ?? readAptSources)(collector, collector.text);
    const implied = file?.implies ?? null;
    if (implied !== null && !hasOwn) {
      const tools: readonly RegistryTool[] = implied === 'gradle' ? ['maven', 'gradle'] : [implied];
      for (const tool of tools) declareDefaults(collector, tool, { ...nobody, line: 1, key: null });
    }
    return collector.reading();
  },
};
