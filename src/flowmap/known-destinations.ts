import { manySuffixes } from './known-suffixes.ts';

/** What well-known destinations are. `source-host` has code, releases and packages of anybody; `saas-api` is one product's own. */
export const knownCategories = [
  'package-registry',
  'source-host',
  'saas-api',
  'paste',
  'file-storage',
  'dynamic-dns',
  'tunnel',
  'cdn',
  'cloud-provider',
  'telemetry',
] as const;

/** One of {@link knownCategories}. */
export type KnownCategory = (typeof knownCategories)[number];

/** A name, with all names below it, and what it is; where that can be looked up, and when the row was written (not: when the source was read). */
export interface KnownDestination {
  readonly suffix: string;
  readonly category: KnownCategory;
  readonly what: string;
  readonly source: string;
  /** `2026-11-28`. */
  readonly asOf: string;
}

const ecosystems = 'github/gh-aw ecosystem_domains.json, 06f3eac';
const publicSuffixes = 'Public Suffix List, private section';
const deadDrops = 'SigmaHQ/sigma net_connection_win_domain_dead_drop_resolvers, 08b3fd5';
const vendor = "the vendor's documentation";
const written = '2026-11-28';

type Row = readonly [suffix: string, category: KnownCategory, what: string, source: string, asOf: string];

// The narrower row wins: a registry below a vendor's domain is a registry.
const rows: readonly Row[] = [
  ['registry.npmjs.org', 'package-registry', 'npm', ecosystems, written],
  ['registry.npmjs.com', 'package-registry', 'npm', ecosystems, written],
  ['registry.yarnpkg.com', 'package-registry', 'Yarn', ecosystems, written],
  ['repo.yarnpkg.com', 'package-registry', 'Yarn', ecosystems, written],
  ['nodejs.org', 'package-registry', 'Node.js releases', ecosystems, written],
  ['deb.nodesource.com', 'package-registry', 'Node.js for Debian', ecosystems, written],
  ['jsr.io', 'package-registry', 'JSR', ecosystems, written],
  ['deno.land', 'package-registry', 'Deno', ecosystems, written],
  ['esm.sh', 'package-registry', 'npm as modules', ecosystems, written],
  ['pypi.org', 'package-registry', 'PyPI', ecosystems, written],
  ['pypi.python.org', 'package-registry', 'PyPI', ecosystems, written],
  ['pythonhosted.org', 'package-registry', 'PyPI files', ecosystems, written],
  ['bootstrap.pypa.io', 'package-registry', 'pip', ecosystems, written],
  ['conda.anaconda.org', 'package-registry', 'conda', ecosystems, written],
  ['repo.anaconda.com', 'package-registry', 'conda', ecosystems, written],
  ['crates.io', 'package-registry', 'crates.io', ecosystems, written],
  ['static.rust-lang.org', 'package-registry', 'Rust toolchains', ecosystems, written],
  ['sh.rustup.rs', 'package-registry', 'rustup', ecosystems, written],
  ['proxy.golang.org', 'package-registry', 'Go modules', ecosystems, written],
  ['sum.golang.org', 'package-registry', 'Go checksums', ecosystems, written],
  ['goproxy.io', 'package-registry', 'Go modules', ecosystems, written],
  ['repo.maven.apache.org', 'package-registry', 'Maven Central', ecosystems, written],
  ['repo1.maven.org', 'package-registry', 'Maven Central', ecosystems, written],
  ['maven-central.storage-download.googleapis.com', 'package-registry', 'Maven Central', ecosystems, written],
  ['central.sonatype.com', 'package-registry', 'Maven Central', ecosystems, written],
  ['maven.google.com', 'package-registry', 'Maven of Google', ecosystems, written],
  ['repo.spring.io', 'package-registry', 'Spring', ecosystems, written],
  ['services.gradle.org', 'package-registry', 'Gradle releases', ecosystems, written],
  ['plugins.gradle.org', 'package-registry', 'Gradle plugins', ecosystems, written],
  ['plugins-artifacts.gradle.org', 'package-registry', 'Gradle plugins', ecosystems, written],
  ['jitpack.io', 'package-registry', 'JitPack', ecosystems, written],
  ['repo.scala-sbt.org', 'package-registry', 'sbt', ecosystems, written],
  ['repo.clojars.org', 'package-registry', 'Clojars', ecosystems, written],
  ['rubygems.org', 'package-registry', 'RubyGems', ecosystems, written],
  ['packagist.org', 'package-registry', 'Packagist', ecosystems, written],
  ['getcomposer.org', 'package-registry', 'Composer', ecosystems, written],
  ['nuget.org', 'package-registry', 'NuGet', ecosystems, written],
  ['pkgs.dev.azure.com', 'package-registry', 'Azure Artifacts', ecosystems, written],
  ['powershellgallery.com', 'package-registry', 'PowerShell Gallery', ecosystems, written],
  ['hex.pm', 'package-registry', 'Hex', ecosystems, written],
  ['hackage.haskell.org', 'package-registry', 'Hackage', ecosystems, written],
  ['pub.dev', 'package-registry', 'Dart', ecosystems, written],
  ['cocoapods.org', 'package-registry', 'CocoaPods', ecosystems, written],
  ['cpan.org', 'package-registry', 'CPAN', ecosystems, written],
  ['metacpan.org', 'package-registry', 'CPAN', ecosystems, written],
  ['cran.r-project.org', 'package-registry', 'CRAN', ecosystems, written],
  ['cloud.r-project.org', 'package-registry', 'CRAN', ecosystems, written],
  ['luarocks.org', 'package-registry', 'LuaRocks', ecosystems, written],
  ['opam.ocaml.org', 'package-registry', 'opam', ecosystems, written],
  ['ctan.org', 'package-registry', 'CTAN', ecosystems, written],
  ['bcr.bazel.build', 'package-registry', 'Bazel', ecosystems, written],
  ['registry.terraform.io', 'package-registry', 'Terraform providers', ecosystems, written],
  ['releases.hashicorp.com', 'package-registry', 'HashiCorp releases', ecosystems, written],
  ['docker.io', 'package-registry', 'Docker Hub', ecosystems, written],
  ['hub.docker.com', 'package-registry', 'Docker Hub', ecosystems, written],
  ['production.cloudflare.docker.com', 'package-registry', 'Docker Hub layers', ecosystems, written],
  ['ghcr.io', 'package-registry', 'GitHub containers', ecosystems, written],
  ['pkg.github.com', 'package-registry', 'GitHub Packages', ecosystems, written],
  ['quay.io', 'package-registry', 'Quay', ecosystems, written],
  ['gcr.io', 'package-registry', 'Google containers', ecosystems, written],
  ['pkg.dev', 'package-registry', 'Google Artifact Registry', vendor, written],
  ['mcr.microsoft.com', 'package-registry', 'Microsoft containers', ecosystems, written],
  ['azurecr.io', 'package-registry', 'Azure Container Registry', vendor, written],
  ['public.ecr.aws', 'package-registry', 'AWS public containers', vendor, written],
  ['registry.k8s.io', 'package-registry', 'Kubernetes images', vendor, written],
  ['pkgs.k8s.io', 'package-registry', 'Kubernetes packages', ecosystems, written],
  ['registry.gitlab.com', 'package-registry', 'GitLab containers', vendor, written],
  ['deb.debian.org', 'package-registry', 'Debian', ecosystems, written],
  ['security.debian.org', 'package-registry', 'Debian', ecosystems, written],
  ['archive.ubuntu.com', 'package-registry', 'Ubuntu', ecosystems, written],
  ['security.ubuntu.com', 'package-registry', 'Ubuntu', ecosystems, written],
  ['ppa.launchpad.net', 'package-registry', 'Ubuntu PPA', ecosystems, written],
  ['dl-cdn.alpinelinux.org', 'package-registry', 'Alpine', ecosystems, written],
  ['download.fedoraproject.org', 'package-registry', 'Fedora', ecosystems, written],
  ['mirrors.fedoraproject.org', 'package-registry', 'Fedora', ecosystems, written],
  ['cdn.redhat.com', 'package-registry', 'Red Hat', ecosystems, written],
  ['download.opensuse.org', 'package-registry', 'openSUSE', ecosystems, written],
  ['packages.microsoft.com', 'package-registry', 'Microsoft packages', ecosystems, written],
  ['packages.cloud.google.com', 'package-registry', 'Google packages', ecosystems, written],
  ['packagecloud.io', 'package-registry', 'packagecloud', ecosystems, written],
  ['api.snapcraft.io', 'package-registry', 'Snap', ecosystems, written],
  ['jfrog.io', 'package-registry', 'Artifactory in the cloud', vendor, written],
  ['github.com', 'source-host', 'GitHub', ecosystems, written],
  ['githubusercontent.com', 'source-host', 'GitHub files', ecosystems, written],
  ['gitlab.com', 'source-host', 'GitLab', vendor, written],
  ['bitbucket.org', 'source-host', 'Bitbucket', ecosystems, written],
  ['dev.azure.com', 'source-host', 'Azure Repos', vendor, written],
  ['visualstudio.com', 'source-host', 'Azure Repos', vendor, written],
  ['codeberg.org', 'source-host', 'Codeberg', vendor, written],
  ['git.sr.ht', 'source-host', 'sourcehut', vendor, written],
  ['huggingface.co', 'source-host', 'models and data sets', vendor, written],
  ['api.stripe.com', 'saas-api', 'payments', vendor, written],
  ['slack.com', 'saas-api', 'chat', vendor, written],
  ['atlassian.net', 'saas-api', 'Jira, Confluence', vendor, written],
  ['salesforce.com', 'saas-api', 'Salesforce', vendor, written],
  ['service-now.com', 'saas-api', 'ServiceNow', vendor, written],
  ['api.twilio.com', 'saas-api', 'messages', vendor, written],
  ['api.sendgrid.com', 'saas-api', 'mail', vendor, written],
  ['okta.com', 'saas-api', 'identity', vendor, written],
  ['auth0.com', 'saas-api', 'identity', vendor, written],
  ['zendesk.com', 'saas-api', 'support', vendor, written],
  ['hubspot.com', 'saas-api', 'marketing', vendor, written],
  ['openai.com', 'saas-api', 'language models', vendor, written],
  ['anthropic.com', 'saas-api', 'language models', vendor, written],
  ['api.telegram.org', 'saas-api', 'chat', vendor, written],
  ['discord.com', 'saas-api', 'chat', deadDrops, written],
  ['pastebin.com', 'paste', 'paste site', deadDrops, written],
  ['pastebin.pl', 'paste', 'paste site', deadDrops, written],
  ['paste.ee', 'paste', 'paste site', deadDrops, written],
  ['hastebin.com', 'paste', 'paste site', deadDrops, written],
  ['ghostbin.co', 'paste', 'paste site', deadDrops, written],
  ['pastetext.net', 'paste', 'paste site', deadDrops, written],
  ['gist.github.com', 'paste', 'gists', vendor, written],
  ['gist.githubusercontent.com', 'paste', 'gists', vendor, written],
  ['dpaste.org', 'paste', 'paste site', vendor, written],
  ['rentry.co', 'paste', 'paste site', vendor, written],
  ['webhook.site', 'paste', 'keeps what it is sent', vendor, written],
  ['transfer.sh', 'file-storage', 'anonymous files', deadDrops, written],
  ['temp.sh', 'file-storage', 'anonymous files', deadDrops, written],
  ['gofile.io', 'file-storage', 'anonymous files', deadDrops, written],
  ['ufile.io', 'file-storage', 'anonymous files', deadDrops, written],
  ['anonfiles.com', 'file-storage', 'anonymous files', deadDrops, written],
  ['sendspace.com', 'file-storage', 'files', deadDrops, written],
  ['4shared.com', 'file-storage', 'files', deadDrops, written],
  ['mediafire.com', 'file-storage', 'files', deadDrops, written],
  ['mega.nz', 'file-storage', 'files', deadDrops, written],
  ['mega.co.nz', 'file-storage', 'files', deadDrops, written],
  ['wetransfer.com', 'file-storage', 'files', deadDrops, written],
  ['dropbox.com', 'file-storage', 'files', deadDrops, written],
  ['dropboxusercontent.com', 'file-storage', 'files', vendor, written],
  ['dropboxapi.com', 'file-storage', 'files', vendor, written],
  ['drive.google.com', 'file-storage', 'files', deadDrops, written],
  ['docs.google.com', 'file-storage', 'files', deadDrops, written],
  ['onedrive.com', 'file-storage', 'files', deadDrops, written],
  ['onedrive.live.com', 'file-storage', 'files', vendor, written],
  ['sharepoint.com', 'file-storage', 'files', vendor, written],
  ['box.com', 'file-storage', 'files', vendor, written],
  ['cdn.discordapp.com', 'file-storage', 'files of a chat', deadDrops, written],
  ['storage.googleapis.com', 'file-storage', 'buckets of anybody', deadDrops, written],
  ['s3.amazonaws.com', 'file-storage', 'buckets of anybody', publicSuffixes, written],
  ['blob.core.windows.net', 'file-storage', 'containers of anybody', publicSuffixes, written],
  ['r2.dev', 'file-storage', 'buckets of anybody', publicSuffixes, written],
  ['backblazeb2.com', 'file-storage', 'buckets of anybody', vendor, written],
  ['duckdns.org', 'dynamic-dns', 'Duck DNS', publicSuffixes, written],
  ['ddns.net', 'dynamic-dns', 'No-IP', publicSuffixes, written],
  ['hopto.org', 'dynamic-dns', 'No-IP', publicSuffixes, written],
  ['zapto.org', 'dynamic-dns', 'No-IP', publicSuffixes, written],
  ['sytes.net', 'dynamic-dns', 'No-IP', publicSuffixes, written],
  ['no-ip.org', 'dynamic-dns', 'No-IP', publicSuffixes, written],
  ['servehttp.com', 'dynamic-dns', 'No-IP', publicSuffixes, written],
  ['myftp.org', 'dynamic-dns', 'No-IP', publicSuffixes, written],
  ['dyndns.org', 'dynamic-dns', 'Dyn', publicSuffixes, written],
  ['homeip.net', 'dynamic-dns', 'Dyn', publicSuffixes, written],
  ['gotdns.com', 'dynamic-dns', 'Dyn', publicSuffixes, written],
  ['dynu.net', 'dynamic-dns', 'Dynu', publicSuffixes, written],
  ['freeddns.org', 'dynamic-dns', 'Dynu', publicSuffixes, written],
  ['ddnss.de', 'dynamic-dns', 'DDNSS', publicSuffixes, written],
  ['spdns.de', 'dynamic-dns', 'Securepoint', publicSuffixes, written],
  ['dynv6.net', 'dynamic-dns', 'dynv6', publicSuffixes, written],
  ['dedyn.io', 'dynamic-dns', 'deSEC', publicSuffixes, written],
  ['synology.me', 'dynamic-dns', 'Synology', publicSuffixes, written],
  ['myqnapcloud.com', 'dynamic-dns', 'QNAP', publicSuffixes, written],
  ['mooo.com', 'dynamic-dns', 'FreeDNS', vendor, written],
  ['ngrok.io', 'tunnel', 'ngrok', publicSuffixes, written],
  ['ngrok.app', 'tunnel', 'ngrok', publicSuffixes, written],
  ['ngrok.dev', 'tunnel', 'ngrok', publicSuffixes, written],
  ['ngrok-free.app', 'tunnel', 'ngrok', publicSuffixes, written],
  ['ngrok-free.dev', 'tunnel', 'ngrok', publicSuffixes, written],
  ['ngrok.com', 'tunnel', 'ngrok', vendor, written],
  ['trycloudflare.com', 'tunnel', 'Cloudflare quick tunnels', publicSuffixes, written],
  ['argotunnel.com', 'tunnel', 'Cloudflare Tunnel', vendor, written],
  ['localto.net', 'tunnel', 'LocaltoNet', publicSuffixes, written],
  ['tunnelmole.net', 'tunnel', 'Tunnelmole', publicSuffixes, written],
  ['telebit.io', 'tunnel', 'Telebit', publicSuffixes, written],
  ['devtunnels.ms', 'tunnel', 'Microsoft dev tunnels', vendor, written],
  ['localhost.run', 'tunnel', 'localhost.run', vendor, written],
  ['lhr.life', 'tunnel', 'localhost.run', vendor, written],
  ['serveo.net', 'tunnel', 'Serveo', vendor, written],
  ['loca.lt', 'tunnel', 'localtunnel', vendor, written],
  ['pinggy.io', 'tunnel', 'Pinggy', vendor, written],
  ['cdn.jsdelivr.net', 'cdn', 'jsDelivr', ecosystems, written],
  ['code.jquery.com', 'cdn', 'jQuery', ecosystems, written],
  ['cloudfront.net', 'cdn', 'CloudFront', publicSuffixes, written],
  ['edgekey.net', 'cdn', 'Akamai', publicSuffixes, written],
  ['akamaized.net', 'cdn', 'Akamai', publicSuffixes, written],
  ['azureedge.net', 'cdn', 'Azure', publicSuffixes, written],
  ['fastly.net', 'cdn', 'Fastly', vendor, written],
  ['cloudflare.net', 'cdn', 'Cloudflare', publicSuffixes, written],
  ['amazonaws.com', 'cloud-provider', 'AWS', vendor, written],
  ['api.aws', 'cloud-provider', 'AWS', vendor, written],
  ['googleapis.com', 'cloud-provider', 'Google Cloud', vendor, written],
  ['azure.com', 'cloud-provider', 'Azure', vendor, written],
  ['azure.net', 'cloud-provider', 'Azure', vendor, written],
  ['windows.net', 'cloud-provider', 'Azure', vendor, written],
  ['microsoftonline.com', 'cloud-provider', 'Microsoft sign-in', vendor, written],
  ['sentry.io', 'telemetry', 'Sentry', vendor, written],
  ['datadoghq.com', 'telemetry', 'Datadog', vendor, written],
  ['datadoghq.eu', 'telemetry', 'Datadog', vendor, written],
  ['newrelic.com', 'telemetry', 'New Relic', vendor, written],
  ['nr-data.net', 'telemetry', 'New Relic', vendor, written],
  ['applicationinsights.azure.com', 'telemetry', 'Application Insights', vendor, written],
  ['dc.services.visualstudio.com', 'telemetry', 'Application Insights', ecosystems, written],
  ['google-analytics.com', 'telemetry', 'Google Analytics', vendor, written],
  ['segment.io', 'telemetry', 'Segment', vendor, written],
  ['honeycomb.io', 'telemetry', 'Honeycomb', vendor, written],
];

const moreRows: readonly Row[] = manySuffixes.flatMap(([category, what, source, asOf, suffixes]) =>
  suffixes.split(' ').map((suffix): Row => [suffix, category, what, source, asOf]),
);

// Regions and accounts are labels in the middle: `*` is one of them.
const rowsWithHoles: readonly Row[] = [
  ['dkr.ecr.*.amazonaws.com', 'package-registry', 'AWS containers', vendor, written],
  ['codeartifact.*.amazonaws.com', 'package-registry', 'AWS packages', vendor, written],
  ['s3.*.amazonaws.com', 'file-storage', 'buckets of anybody', publicSuffixes, written],
];

/** Every row, as the tables say. */
export const knownDestinations: readonly KnownDestination[] = [...rows, ...moreRows, ...rowsWithHoles].map(rowOf);

const bySuffix: ReadonlyMap<string, KnownDestination> = new Map(
  [...rows, ...moreRows].map((row) => [row[0], rowOf(row)]),
);
const byPattern = rowsWithHoles.map((row) => ({ row: rowOf(row), pattern: patternOf(row[0]) }));

/** The row of a canonical name: the longest suffix that it is, or is below; null where none knows it. */
export function findKnownDestination(name: string): KnownDestination | null {
  const holed = byPattern.find(({ pattern }) => pattern.test(name));
  if (holed !== undefined) return holed.row;
  for (let at = 0; at >= 0; ) {
    const row = bySuffix.get(name.slice(at));
    if (row !== undefined) return row;
    const dot = name.indexOf('.', at);
    at = dot < 0 ? -1 : dot + 1;
  }
  return null;
}

function rowOf([suffix, category, what, source, asOf]: Row): KnownDestination {
  return { suffix, category, what, source, asOf };
}

function patternOf(suffix: string): RegExp {
  return new RegExp(
    `(?:^|\\.)${suffix
      .split('*')
      .map((part) => part.replaceAll('.', '\\.'))
      .join('[^.]+')}$`,
  );
}
