/**
 * What is known of a destination by its name. `provider`: a CDN or cloud, where strangers rent names side by side; such names stay names.
 * The others are never proposed: a person decides.
 */
export type KnownCategory = 'package-registry' | 'paste' | 'file-storage' | 'tunnel' | 'dynamic-dns' | 'provider';

/** One suffix with what stands under it: the name itself and every name below it count. */
export interface KnownDestination {
  readonly suffix: string;
  readonly category: KnownCategory;
  /** Who says so, and when that was read (ISO date). */
  readonly source: string;
  readonly readOn: string;
}

/** The row of a canonical name with the longest suffix, or null: `x.duckdns.org` gives the row of `duckdns.org`. */
export function findKnownDestination(name: string): KnownDestination | null {
  for (let at = 0; at >= 0; at = nextLabel(name, at)) {
    const row = bySuffix.get(name.slice(at));
    if (row !== undefined) return row;
  }
  return null;
}

function nextLabel(name: string, at: number): number {
  const dot = name.indexOf('.', at);
  return dot < 0 ? -1 : dot + 1;
}

type Row = readonly [category: KnownCategory, source: string, readOn: string, suffixes: string];

const publicSuffixList = 'Public Suffix List, private section, as tldts 7.5.5 has it';

// Suffixes of one operator or one source share a row; they are separated by blanks.
const rows: readonly Row[] = [
  [
    'package-registry',
    'npm, "registry" setting',
    '2026-11-28',
    'registry.npmjs.org registry.yarnpkg.com npm.jsr.io jsr.io',
  ],
  [
    'package-registry',
    'npm, GitHub Packages',
    '2026-11-28',
    'npm.pkg.github.com maven.pkg.github.com nuget.pkg.github.com',
  ],
  [
    'package-registry',
    'pip, "index-url" setting',
    '2026-11-28',
    'pypi.org pypi.python.org files.pythonhosted.org test.pypi.org',
  ],
  ['package-registry', 'conda, default channels', '2026-11-28', 'repo.anaconda.com conda.anaconda.org'],
  [
    'package-registry',
    'Maven super POM, Gradle plugin portal',
    '2026-11-28',
    'repo.maven.apache.org repo1.maven.org central.sonatype.com oss.sonatype.org plugins.gradle.org services.gradle.org jitpack.io maven.google.com dl.google.com',
  ],
  ['package-registry', 'NuGet, default source', '2026-11-28', 'api.nuget.org nuget.org'],
  ['package-registry', 'RubyGems, default source', '2026-11-28', 'rubygems.org'],
  ['package-registry', 'Cargo, default registry', '2026-11-28', 'crates.io'],
  ['package-registry', 'Go modules reference, GOPROXY and GOSUMDB', '2026-11-28', 'proxy.golang.org sum.golang.org'],
  ['package-registry', 'Composer, default repository', '2026-11-28', 'packagist.org'],
  [
    'package-registry',
    'Hex and CPAN, default mirrors',
    '2026-11-28',
    'hex.pm cpan.org cran.r-project.org hackage.haskell.org pub.dev',
  ],
  [
    'package-registry',
    'container registries, pull endpoints',
    '2026-11-28',
    'docker.io production.cloudflare.docker.com ghcr.io quay.io gcr.io pkg.dev registry.k8s.io public.ecr.aws mcr.microsoft.com registry.gitlab.com',
  ],
  [
    'package-registry',
    'distributions, default mirrors',
    '2026-11-28',
    'deb.debian.org security.debian.org archive.ubuntu.com security.ubuntu.com ports.ubuntu.com dl-cdn.alpinelinux.org mirrors.fedoraproject.org mirror.centos.org cdn.redhat.com',
  ],
  [
    'package-registry',
    'Terraform, Helm, Homebrew and Node.js downloads',
    '2026-11-28',
    'registry.terraform.io releases.hashicorp.com registry.opentofu.org artifacthub.io formulae.brew.sh nodejs.org',
  ],
  ['package-registry', 'Hugging Face and model registries', '2026-11-28', 'huggingface.co registry.ollama.ai'],

  [
    'paste',
    'MITRE ATT&CK T1567.003 and published detections of it',
    '2026-11-28',
    'pastebin.com pastebin.pl hastebin.com ghostbin.co ghostbin.com paste.ee paste2.org paste.ofcode.org dpaste.org dpaste.com sprunge.us ix.io termbin.com controlc.com 0bin.net pastie.org rentry.co justpaste.it privatebin.net paste.rs bpa.st',
  ],
  ['paste', 'GitHub, "About gists"', '2026-11-28', 'gist.github.com gist.githubusercontent.com'],
  [
    'paste',
    'request catchers: what is posted is shown to whoever made the address',
    '2026-11-28',
    'webhook.site requestbin.com requestbin.net pipedream.net beeceptor.com requestcatcher.com interact.sh oast.fun oast.live oast.me oast.online oast.pro oast.site burpcollaborator.net oastify.com canarytokens.com dnslog.cn',
  ],

  [
    'file-storage',
    'MITRE ATT&CK T1567.002 and published detections of it',
    '2026-11-28',
    'mega.nz mega.io mega.co.nz mediafire.com sendspace.com ufile.io anonfiles.com gofile.io transfer.sh temp.sh file.io catbox.moe bashupload.com oshi.at 0x0.st tmpfiles.org filebin.net wormhole.app wetransfer.com we.tl storjshare.io pixeldrain.com uguu.se send.vis.ee swisstransfer.com smash.com zippyshare.com 4shared.com rapidgator.net',
  ],
  [
    'file-storage',
    'file storage of people, by its operators',
    '2026-11-28',
    'dropbox.com dropboxapi.com dropboxusercontent.com drive.google.com drive.usercontent.google.com onedrive.live.com 1drv.ms box.com boxcloud.com icloud-content.com pcloud.com api.pcloud.com sync.com disk.yandex.com cloud.mail.ru terabox.com',
  ],
  [
    'file-storage',
    'MITRE ATT&CK T1567.004 and T1102: chat services that keep files',
    '2026-11-28',
    'cdn.discordapp.com media.discordapp.net discord.com discordapp.com api.telegram.org',
  ],

  [
    'tunnel',
    publicSuffixList,
    '2026-11-28',
    'ngrok.io ngrok.app ngrok.dev ngrok-free.app ngrok-free.dev ngrok.pizza ngrok.pro trycloudflare.com tunnelmole.net telebit.io',
  ],
  [
    'tunnel',
    'MITRE ATT&CK T1572: agents and addresses of tunnels, by their operators',
    '2026-11-28',
    'ngrok.com ngrok-agent.com argotunnel.com loca.lt localtunnel.me localhost.run lhr.life serveo.net serveo.link pagekite.me bore.pub pinggy.io pinggy.link pinggy.online devtunnels.ms tunnels.api.visualstudio.com playit.gg portmap.io packetriot.net zrok.io',
  ],
  [
    'tunnel',
    'anonymity networks and overlay networks, by their operators',
    '2026-11-28',
    'torproject.org onion.ly onion.ws tor2web.org login.tailscale.com controlplane.tailscale.com zerotier.com',
  ],

  [
    'dynamic-dns',
    publicSuffixList,
    '2026-11-28',
    'duckdns.org ddns.net no-ip.org no-ip.biz no-ip.info hopto.org hopto.me zapto.org sytes.net myftp.org myftp.biz redirectme.net servebeer.com serveftp.com servehttp.com serveblog.net servegame.com bounceme.net dyndns.org dyndns.info dyndns.biz dynalias.com dynalias.net dynalias.org dnsalias.com dnsalias.net dnsalias.org dnsdojo.com dnsdojo.net dnsdojo.org gotdns.com gotdns.org homeip.net homelinux.com homelinux.org homeunix.com homeunix.org is-a-geek.com kicks-ass.net webhop.net webhop.org webhop.me dynu.net freeddns.org mywire.org webredirect.org myddns.rocks accesscam.org camdvr.org casacam.net giize.com gleeze.com kozow.com loseyourip.com ooguy.com theworkpc.com dynv6.net dedyn.io ddnss.de spdns.de nsupdate.info freemyip.com now-dns.net now-dns.org dynserv.org dns-dynamic.net cloudns.cl cloudns.club cloudns.pro',
  ],
  [
    'dynamic-dns',
    'afraid.org and changeip.com, shared domains',
    '2026-11-28',
    'afraid.org mooo.com chickenkiller.com crabdance.com ignorelist.com strangled.net twilightparadox.com us.to changeip.com dynamic-dns.net ddns.info ddns.us xxuz.com onmypc.net mefound.com',
  ],
  [
    'dynamic-dns',
    'pubyun.com, dynu.com and cloudns.net, shared domains',
    '2026-11-28',
    '3322.org f3322.net 8866.org pubyun.com dynu.com cloudns.net ydns.eu',
  ],

  [
    'provider',
    'AWS, service endpoints',
    '2026-11-28',
    'amazonaws.com amazonaws.com.cn api.aws on.aws cloudfront.net awsglobalaccelerator.com amazoncognito.com elasticbeanstalk.com awsapprunner.com amplifyapp.com',
  ],
  [
    'provider',
    'Azure, DNS suffixes of services',
    '2026-11-28',
    'windows.net azure.com azure.net azureedge.net azurefd.net azurewebsites.net azure-api.net trafficmanager.net cloudapp.net azurecontainerapps.io azurestaticapps.net azurecr.io msedge.net',
  ],
  [
    'provider',
    'Google Cloud, service endpoints',
    '2026-11-28',
    'googleapis.com googleusercontent.com run.app appspot.com cloudfunctions.net web.app firebaseapp.com firebaseio.com 1e100.net gvt1.com',
  ],
  [
    'provider',
    'CDNs, names of their edges',
    '2026-11-28',
    'akamai.net akamaiedge.net akamaihd.net akamaized.net akadns.net edgekey.net edgesuite.net fastly.net fastlylb.net cloudflare.net cloudflare.com cdn77.org b-cdn.net gcdn.co llnwd.net edgecastcdn.net stackpathdns.com kxcdn.com jsdelivr.net unpkg.com cdnjs.com',
  ],
  [
    'provider',
    'object storage and hosting, names of tenants',
    '2026-11-28',
    'r2.cloudflarestorage.com r2.dev workers.dev pages.dev digitaloceanspaces.com ondigitalocean.app linodeobjects.com wasabisys.com backblazeb2.com oraclecloud.com aliyuncs.com myqcloud.com scw.cloud ovh.net vercel.app netlify.app herokuapp.com onrender.com fly.dev github.io githubusercontent.com gitlab.io supabase.co deno.dev glitch.me surge.sh',
  ],
];

/** Every row, one suffix each. Names only: what a path adds is not seen without inspection. */
export const knownDestinations: readonly KnownDestination[] = rows.flatMap(([category, source, readOn, suffixes]) =>
  suffixes.split(' ').map((suffix) => ({ suffix, category, source, readOn })),
);

const bySuffix: ReadonlyMap<string, KnownDestination> = new Map(knownDestinations.map((row) => [row.suffix, row]));
