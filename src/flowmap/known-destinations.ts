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

/** A name, with all names below it, and what it is; who says so, and when that was read. */
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
const read = '2026-11-28';

type Row = readonly [suffix: string, category: KnownCategory, what: string, source: string, asOf: string];

// The narrower row wins: a registry below a vendor's domain is a registry.
const rows: readonly Row[] = [
  ['registry.npmjs.org', 'package-registry', 'npm', ecosystems, read],
  ['registry.npmjs.com', 'package-registry', 'npm', ecosystems, read],
  ['registry.yarnpkg.com', 'package-registry', 'Yarn', ecosystems, read],
  ['repo.yarnpkg.com', 'package-registry', 'Yarn', ecosystems, read],
  ['nodejs.org', 'package-registry', 'Node.js releases', ecosystems, read],
  ['deb.nodesource.com', 'package-registry', 'Node.js for Debian', ecosystems, read],
  ['jsr.io', 'package-registry', 'JSR', ecosystems, read],
  ['deno.land', 'package-registry', 'Deno', ecosystems, read],
  ['esm.sh', 'package-registry', 'npm as modules', ecosystems, read],
  ['pypi.org', 'package-registry', 'PyPI', ecosystems, read],
  ['pypi.python.org', 'package-registry', 'PyPI', ecosystems, read],
  ['pythonhosted.org', 'package-registry', 'PyPI files', ecosystems, read],
  ['bootstrap.pypa.io', 'package-registry', 'pip', ecosystems, read],
  ['conda.anaconda.org', 'package-registry', 'conda', ecosystems, read],
  ['repo.anaconda.com', 'package-registry', 'conda', ecosystems, read],
  ['crates.io', 'package-registry', 'crates.io', ecosystems, read],
  ['static.rust-lang.org', 'package-registry', 'Rust toolchains', ecosystems, read],
  ['sh.rustup.rs', 'package-registry', 'rustup', ecosystems, read],
  ['proxy.golang.org', 'package-registry', 'Go modules', ecosystems, read],
  ['sum.golang.org', 'package-registry', 'Go checksums', ecosystems, read],
  ['goproxy.io', 'package-registry', 'Go modules', ecosystems, read],
  ['repo.maven.apache.org', 'package-registry', 'Maven Central', ecosystems, read],
  ['repo1.maven.org', 'package-registry', 'Maven Central', ecosystems, read],
  ['maven-central.storage-download.googleapis.com', 'package-registry', 'Maven Central', ecosystems, read],
  ['central.sonatype.com', 'package-registry', 'Maven Central', ecosystems, read],
  ['maven.google.com', 'package-registry', 'Maven of Google', ecosystems, read],
  ['repo.spring.io', 'package-registry', 'Spring', ecosystems, read],
  ['services.gradle.org', 'package-registry', 'Gradle releases', ecosystems, read],
  ['plugins.gradle.org', 'package-registry', 'Gradle plugins', ecosystems, read],
  ['plugins-artifacts.gradle.org', 'package-registry', 'Gradle plugins', ecosystems, read],
  ['jitpack.io', 'package-registry', 'JitPack', ecosystems, read],
  ['repo.scala-sbt.org', 'package-registry', 'sbt', ecosystems, read],
  ['repo.clojars.org', 'package-registry', 'Clojars', ecosystems, read],
  ['rubygems.org', 'package-registry', 'RubyGems', ecosystems, read],
  ['packagist.org', 'package-registry', 'Packagist', ecosystems, read],
  ['getcomposer.org', 'package-registry', 'Composer', ecosystems, read],
  ['nuget.org', 'package-registry', 'NuGet', ecosystems, read],
  ['pkgs.dev.azure.com', 'package-registry', 'Azure Artifacts', ecosystems, read],
  ['powershellgallery.com', 'package-registry', 'PowerShell Gallery', ecosystems, read],
  ['hex.pm', 'package-registry', 'Hex', ecosystems, read],
  ['hackage.haskell.org', 'package-registry', 'Hackage', ecosystems, read],
  ['pub.dev', 'package-registry', 'Dart', ecosystems, read],
  ['cocoapods.org', 'package-registry', 'CocoaPods', ecosystems, read],
  ['cpan.org', 'package-registry', 'CPAN', ecosystems, read],
  ['metacpan.org', 'package-registry', 'CPAN', ecosystems, read],
  ['cran.r-project.org', 'package-registry', 'CRAN', ecosystems, read],
  ['cloud.r-project.org', 'package-registry', 'CRAN', ecosystems, read],
  ['luarocks.org', 'package-registry', 'LuaRocks', ecosystems, read],
  ['opam.ocaml.org', 'package-registry', 'opam', ecosystems, read],
  ['ctan.org', 'package-registry', 'CTAN', ecosystems, read],
  ['bcr.bazel.build', 'package-registry', 'Bazel', ecosystems, read],
  ['registry.terraform.io', 'package-registry', 'Terraform providers', ecosystems, read],
  ['releases.hashicorp.com', 'package-registry', 'HashiCorp releases', ecosystems, read],
  ['docker.io', 'package-registry', 'Docker Hub', ecosystems, read],
  ['hub.docker.com', 'package-registry', 'Docker Hub', ecosystems, read],
  ['production.cloudflare.docker.com', 'package-registry', 'Docker Hub layers', ecosystems, read],
  ['ghcr.io', 'package-registry', 'GitHub containers', ecosystems, read],
  ['pkg.github.com', 'package-registry', 'GitHub Packages', ecosystems, read],
  ['quay.io', 'package-registry', 'Quay', ecosystems, read],
  ['gcr.io', 'package-registry', 'Google containers', ecosystems, read],
  ['pkg.dev', 'package-registry', 'Google Artifact Registry', vendor, read],
  ['mcr.microsoft.com', 'package-registry', 'Microsoft containers', ecosystems, read],
  ['azurecr.io', 'package-registry', 'Azure Container Registry', vendor, read],
  ['public.ecr.aws', 'package-registry', 'AWS public containers', vendor, read],
  ['registry.k8s.io', 'package-registry', 'Kubernetes images', vendor, read],
  ['pkgs.k8s.io', 'package-registry', 'Kubernetes packages', ecosystems, read],
  ['registry.gitlab.com', 'package-registry', 'GitLab containers', vendor, read],
  ['deb.debian.org', 'package-registry', 'Debian', ecosystems, read],
  ['security.debian.org', 'package-registry', 'Debian', ecosystems, read],
  ['archive.ubuntu.com', 'package-registry', 'Ubuntu', ecosystems, read],
  ['security.ubuntu.com', 'package-registry', 'Ubuntu', ecosystems, read],
  ['ppa.launchpad.net', 'package-registry', 'Ubuntu PPA', ecosystems, read],
  ['dl-cdn.alpinelinux.org', 'package-registry', 'Alpine', ecosystems, read],
  ['download.fedoraproject.org', 'package-registry', 'Fedora', ecosystems, read],
  ['mirrors.fedoraproject.org', 'package-registry', 'Fedora', ecosystems, read],
  ['cdn.redhat.com', 'package-registry', 'Red Hat', ecosystems, read],
  ['download.opensuse.org', 'package-registry', 'openSUSE', ecosystems, read],
  ['packages.microsoft.com', 'package-registry', 'Microsoft packages', ecosystems, read],
  ['packages.cloud.google.com', 'package-registry', 'Google packages', ecosystems, read],
  ['packagecloud.io', 'package-registry', 'packagecloud', ecosystems, read],
  ['api.snapcraft.io', 'package-registry', 'Snap', ecosystems, read],
  ['jfrog.io', 'package-registry', 'Artifactory in the cloud', vendor, read],
  ['github.com', 'source-host', 'GitHub', ecosystems, read],
  ['githubusercontent.com', 'source-host', 'GitHub files', ecosystems, read],
  ['gitlab.com', 'source-host', 'GitLab', vendor, read],
  ['bitbucket.org', 'source-host', 'Bitbucket', ecosystems, read],
  ['dev.azure.com', 'source-host', 'Azure Repos', vendor, read],
  ['visualstudio.com', 'source-host', 'Azure Repos', vendor, read],
  ['codeberg.org', 'source-host', 'Codeberg', vendor, read],
  ['git.sr.ht', 'source-host', 'sourcehut', vendor, read],
  ['huggingface.co', 'source-host', 'models and data sets', vendor, read],
  ['api.stripe.com', 'saas-api', 'payments', vendor, read],
  ['slack.com', 'saas-api', 'chat', vendor, read],
  ['atlassian.net', 'saas-api', 'Jira, Confluence', vendor, read],
  ['salesforce.com', 'saas-api', 'Salesforce', vendor, read],
  ['service-now.com', 'saas-api', 'ServiceNow', vendor, read],
  ['api.twilio.com', 'saas-api', 'messages', vendor, read],
  ['api.sendgrid.com', 'saas-api', 'mail', vendor, read],
  ['okta.com', 'saas-api', 'identity', vendor, read],
  ['auth0.com', 'saas-api', 'identity', vendor, read],
  ['zendesk.com', 'saas-api', 'support', vendor, read],
  ['hubspot.com', 'saas-api', 'marketing', vendor, read],
  ['openai.com', 'saas-api', 'language models', vendor, read],
  ['anthropic.com', 'saas-api', 'language models', vendor, read],
  ['api.telegram.org', 'saas-api', 'chat', vendor, read],
  ['discord.com', 'saas-api', 'chat', deadDrops, read],
  ['pastebin.com', 'paste', 'paste site', deadDrops, read],
  ['pastebin.pl', 'paste', 'paste site', deadDrops, read],
  ['paste.ee', 'paste', 'paste site', deadDrops, read],
  ['hastebin.com', 'paste', 'paste site', deadDrops, read],
  ['ghostbin.co', 'paste', 'paste site', deadDrops, read],
  ['pastetext.net', 'paste', 'paste site', deadDrops, read],
  ['gist.github.com', 'paste', 'gists', vendor, read],
  ['gist.githubusercontent.com', 'paste', 'gists', vendor, read],
  ['dpaste.org', 'paste', 'paste site', vendor, read],
  ['rentry.co', 'paste', 'paste site', vendor, read],
  ['webhook.site', 'paste', 'keeps what it is sent', vendor, read],
  ['transfer.sh', 'file-storage', 'anonymous files', deadDrops, read],
  ['temp.sh', 'file-storage', 'anonymous files', deadDrops, read],
  ['gofile.io', 'file-storage', 'anonymous files', deadDrops, read],
  ['ufile.io', 'file-storage', 'anonymous files', deadDrops, read],
  ['anonfiles.com', 'file-storage', 'anonymous files', deadDrops, read],
  ['sendspace.com', 'file-storage', 'files', deadDrops, read],
  ['4shared.com', 'file-storage', 'files', deadDrops, read],
  ['mediafire.com', 'file-storage', 'files', deadDrops, read],
  ['mega.nz', 'file-storage', 'files', deadDrops, read],
  ['mega.co.nz', 'file-storage', 'files', deadDrops, read],
  ['wetransfer.com', 'file-storage', 'files', deadDrops, read],
  ['dropbox.com', 'file-storage', 'files', deadDrops, read],
  ['dropboxusercontent.com', 'file-storage', 'files', vendor, read],
  ['dropboxapi.com', 'file-storage', 'files', vendor, read],
  ['drive.google.com', 'file-storage', 'files', deadDrops, read],
  ['docs.google.com', 'file-storage', 'files', deadDrops, read],
  ['onedrive.com', 'file-storage', 'files', deadDrops, read],
  ['onedrive.live.com', 'file-storage', 'files', vendor, read],
  ['sharepoint.com', 'file-storage', 'files', vendor, read],
  ['box.com', 'file-storage', 'files', vendor, read],
  ['cdn.discordapp.com', 'file-storage', 'files of a chat', deadDrops, read],
  ['storage.googleapis.com', 'file-storage', 'buckets of anybody', deadDrops, read],
  ['s3.amazonaws.com', 'file-storage', 'buckets of anybody', publicSuffixes, read],
  ['blob.core.windows.net', 'file-storage', 'containers of anybody', publicSuffixes, read],
  ['r2.dev', 'file-storage', 'buckets of anybody', publicSuffixes, read],
  ['backblazeb2.com', 'file-storage', 'buckets of anybody', vendor, read],
  ['duckdns.org', 'dynamic-dns', 'Duck DNS', publicSuffixes, read],
  ['ddns.net', 'dynamic-dns', 'No-IP', publicSuffixes, read],
  ['hopto.org', 'dynamic-dns', 'No-IP', publicSuffixes, read],
  ['zapto.org', 'dynamic-dns', 'No-IP', publicSuffixes, read],
  ['sytes.net', 'dynamic-dns', 'No-IP', publicSuffixes, read],
  ['no-ip.org', 'dynamic-dns', 'No-IP', publicSuffixes, read],
  ['servehttp.com', 'dynamic-dns', 'No-IP', publicSuffixes, read],
  ['myftp.org', 'dynamic-dns', 'No-IP', publicSuffixes, read],
  ['dyndns.org', 'dynamic-dns', 'Dyn', publicSuffixes, read],
  ['homeip.net', 'dynamic-dns', 'Dyn', publicSuffixes, read],
  ['gotdns.com', 'dynamic-dns', 'Dyn', publicSuffixes, read],
  ['dynu.net', 'dynamic-dns', 'Dynu', publicSuffixes, read],
  ['freeddns.org', 'dynamic-dns', 'Dynu', publicSuffixes, read],
  ['ddnss.de', 'dynamic-dns', 'DDNSS', publicSuffixes, read],
  ['spdns.de', 'dynamic-dns', 'Securepoint', publicSuffixes, read],
  ['dynv6.net', 'dynamic-dns', 'dynv6', publicSuffixes, read],
  ['dedyn.io', 'dynamic-dns', 'deSEC', publicSuffixes, read],
  ['synology.me', 'dynamic-dns', 'Synology', publicSuffixes, read],
  ['myqnapcloud.com', 'dynamic-dns', 'QNAP', publicSuffixes, read],
  ['mooo.com', 'dynamic-dns', 'FreeDNS', vendor, read],
  ['ngrok.io', 'tunnel', 'ngrok', publicSuffixes, read],
  ['ngrok.app', 'tunnel', 'ngrok', publicSuffixes, read],
  ['ngrok.dev', 'tunnel', 'ngrok', publicSuffixes, read],
  ['ngrok-free.app', 'tunnel', 'ngrok', publicSuffixes, read],
  ['ngrok-free.dev', 'tunnel', 'ngrok', publicSuffixes, read],
  ['ngrok.com', 'tunnel', 'ngrok', vendor, read],
  ['trycloudflare.com', 'tunnel', 'Cloudflare quick tunnels', publicSuffixes, read],
  ['argotunnel.com', 'tunnel', 'Cloudflare Tunnel', vendor, read],
  ['localto.net', 'tunnel', 'LocaltoNet', publicSuffixes, read],
  ['tunnelmole.net', 'tunnel', 'Tunnelmole', publicSuffixes, read],
  ['telebit.io', 'tunnel', 'Telebit', publicSuffixes, read],
  ['devtunnels.ms', 'tunnel', 'Microsoft dev tunnels', vendor, read],
  ['localhost.run', 'tunnel', 'localhost.run', vendor, read],
  ['lhr.life', 'tunnel', 'localhost.run', vendor, read],
  ['serveo.net', 'tunnel', 'Serveo', vendor, read],
  ['loca.lt', 'tunnel', 'localtunnel', vendor, read],
  ['pinggy.io', 'tunnel', 'Pinggy', vendor, read],
  ['cdn.jsdelivr.net', 'cdn', 'jsDelivr', ecosystems, read],
  ['code.jquery.com', 'cdn', 'jQuery', ecosystems, read],
  ['cloudfront.net', 'cdn', 'CloudFront', publicSuffixes, read],
  ['edgekey.net', 'cdn', 'Akamai', publicSuffixes, read],
  ['akamaized.net', 'cdn', 'Akamai', publicSuffixes, read],
  ['azureedge.net', 'cdn', 'Azure', publicSuffixes, read],
  ['fastly.net', 'cdn', 'Fastly', vendor, read],
  ['cloudflare.net', 'cdn', 'Cloudflare', publicSuffixes, read],
  ['amazonaws.com', 'cloud-provider', 'AWS', vendor, read],
  ['api.aws', 'cloud-provider', 'AWS', vendor, read],
  ['googleapis.com', 'cloud-provider', 'Google Cloud', vendor, read],
  ['azure.com', 'cloud-provider', 'Azure', vendor, read],
  ['azure.net', 'cloud-provider', 'Azure', vendor, read],
  ['windows.net', 'cloud-provider', 'Azure', vendor, read],
  ['microsoftonline.com', 'cloud-provider', 'Microsoft sign-in', vendor, read],
  ['sentry.io', 'telemetry', 'Sentry', vendor, read],
  ['datadoghq.com', 'telemetry', 'Datadog', vendor, read],
  ['datadoghq.eu', 'telemetry', 'Datadog', vendor, read],
  ['newrelic.com', 'telemetry', 'New Relic', vendor, read],
  ['nr-data.net', 'telemetry', 'New Relic', vendor, read],
  ['applicationinsights.azure.com', 'telemetry', 'Application Insights', vendor, read],
  ['dc.services.visualstudio.com', 'telemetry', 'Application Insights', ecosystems, read],
  ['google-analytics.com', 'telemetry', 'Google Analytics', vendor, read],
  ['segment.io', 'telemetry', 'Segment', vendor, read],
  ['honeycomb.io', 'telemetry', 'Honeycomb', vendor, read],
];

const moreRows: readonly Row[] = manySuffixes.flatMap(([category, what, source, asOf, suffixes]) =>
  suffixes.split(' ').map((suffix): Row => [suffix, category, what, source, asOf]),
);

// Regions and accounts are labels in the middle: `*` is one of them.
const rowsWithHoles: readonly Row[] = [
  ['dkr.ecr.*.amazonaws.com', 'package-registry', 'AWS containers', vendor, read],
  ['codeartifact.*.amazonaws.com', 'package-registry', 'AWS packages', vendor, read],
  ['s3.*.amazonaws.com', 'file-storage', 'buckets of anybody', publicSuffixes, read],
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
