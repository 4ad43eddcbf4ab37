/** Categories of {@link manySuffixes}: each is one of `knownCategories`. */
export type SuffixCategory =
  | 'package-registry'
  | 'paste'
  | 'file-storage'
  | 'dynamic-dns'
  | 'tunnel'
  | 'cdn'
  | 'cloud-provider';

/** Suffixes that have the same to say: what they are, where that can be looked up, when the row was written, and the suffixes apart by blanks. */
export type SuffixRow = readonly [
  category: SuffixCategory,
  what: string,
  source: string,
  asOf: string,
  suffixes: string,
];

const publicSuffixes = 'Public Suffix List, private section, as tldts 7.5.5 has it';
const written = '2026-11-28';

/** What is known by many names at once, beside the table of `known-destinations.ts`. */
export const manySuffixes: readonly SuffixRow[] = [
  ['package-registry', 'packages', 'Maven super POM, Gradle plugin portal', written, 'oss.sonatype.org dl.google.com'],
  ['package-registry', 'packages', 'distributions, default mirrors', written, 'ports.ubuntu.com mirror.centos.org'],
  [
    'package-registry',
    'packages',
    'Terraform, Helm, Homebrew and Node.js downloads',
    written,
    'registry.opentofu.org artifacthub.io formulae.brew.sh',
  ],
  ['package-registry', 'packages', 'Hugging Face and model registries', written, 'registry.ollama.ai'],
  [
    'paste',
    'paste site',
    'MITRE ATT&CK T1567.003 and published detections of it',
    written,
    'ghostbin.com paste2.org paste.ofcode.org dpaste.com sprunge.us ix.io termbin.com controlc.com 0bin.net pastie.org justpaste.it privatebin.net paste.rs bpa.st',
  ],
  [
    'paste',
    'keeps what it is sent',
    "their operators' pages",
    written,
    'requestbin.com requestbin.net pipedream.net beeceptor.com requestcatcher.com interact.sh oast.fun oast.live oast.me oast.online oast.pro oast.site burpcollaborator.net oastify.com canarytokens.com dnslog.cn',
  ],
  [
    'file-storage',
    'files',
    'MITRE ATT&CK T1567.002 and published detections of it',
    written,
    'mega.io file.io catbox.moe bashupload.com oshi.at 0x0.st tmpfiles.org filebin.net wormhole.app we.tl storjshare.io pixeldrain.com uguu.se send.vis.ee swisstransfer.com smash.com zippyshare.com rapidgator.net',
  ],
  [
    'file-storage',
    'files',
    'file storage of people, by its operators',
    written,
    'drive.usercontent.google.com 1drv.ms boxcloud.com icloud-content.com pcloud.com api.pcloud.com sync.com disk.yandex.com cloud.mail.ru terabox.com',
  ],
  [
    'file-storage',
    'files',
    'MITRE ATT&CK T1567.004 and T1102: chat services that keep files',
    written,
    'media.discordapp.net',
  ],
  ['tunnel', 'a way in from outside', publicSuffixes, written, 'ngrok.pizza ngrok.pro'],
  [
    'tunnel',
    'a way in from outside',
    'MITRE ATT&CK T1572: agents and addresses of tunnels, by their operators',
    written,
    'ngrok-agent.com localtunnel.me serveo.link pagekite.me bore.pub pinggy.link pinggy.online tunnels.api.visualstudio.com playit.gg portmap.io packetriot.net zrok.io',
  ],
  [
    'tunnel',
    'anonymity or overlay network',
    "their operators' pages",
    written,
    'torproject.org onion.ly onion.ws tor2web.org login.tailscale.com controlplane.tailscale.com zerotier.com',
  ],
  [
    'dynamic-dns',
    'names of changing addresses',
    publicSuffixes,
    written,
    'no-ip.biz no-ip.info hopto.me myftp.biz redirectme.net servebeer.com serveftp.com serveblog.net servegame.com bounceme.net dyndns.info dyndns.biz dynalias.com dynalias.net dynalias.org dnsalias.com dnsalias.net dnsalias.org dnsdojo.com dnsdojo.net dnsdojo.org gotdns.org homelinux.com homelinux.org homeunix.com homeunix.org is-a-geek.com kicks-ass.net webhop.net webhop.org webhop.me mywire.org webredirect.org myddns.rocks accesscam.org camdvr.org casacam.net giize.com gleeze.com kozow.com loseyourip.com ooguy.com theworkpc.com nsupdate.info freemyip.com now-dns.net now-dns.org dynserv.org dns-dynamic.net cloudns.cl cloudns.club cloudns.pro',
  ],
  [
    'dynamic-dns',
    'names of changing addresses',
    'afraid.org and changeip.com, shared domains',
    written,
    'afraid.org chickenkiller.com crabdance.com ignorelist.com strangled.net twilightparadox.com us.to changeip.com dynamic-dns.net ddns.info ddns.us xxuz.com onmypc.net mefound.com',
  ],
  [
    'dynamic-dns',
    'names of changing addresses',
    'pubyun.com, dynu.com and cloudns.net, shared domains',
    written,
    '3322.org f3322.net 8866.org pubyun.com dynu.com cloudns.net ydns.eu',
  ],
  [
    'cloud-provider',
    'services and tenants of a cloud',
    'AWS, service endpoints',
    written,
    'amazonaws.com.cn on.aws awsglobalaccelerator.com amazoncognito.com elasticbeanstalk.com awsapprunner.com amplifyapp.com',
  ],
  [
    'cloud-provider',
    'services and tenants of a cloud',
    'Azure, DNS suffixes of services',
    written,
    'azurefd.net azurewebsites.net azure-api.net trafficmanager.net cloudapp.net azurecontainerapps.io azurestaticapps.net msedge.net',
  ],
  [
    'cloud-provider',
    'services and tenants of a cloud',
    'Google Cloud, service endpoints',
    written,
    'googleusercontent.com run.app appspot.com cloudfunctions.net web.app firebaseapp.com firebaseio.com 1e100.net gvt1.com',
  ],
  [
    'cdn',
    'edges of a CDN',
    'CDNs, names of their edges',
    written,
    'akamai.net akamaiedge.net akamaihd.net akadns.net edgesuite.net fastlylb.net cloudflare.com cdn77.org b-cdn.net gcdn.co llnwd.net edgecastcdn.net stackpathdns.com kxcdn.com jsdelivr.net unpkg.com cdnjs.com',
  ],
  [
    'cloud-provider',
    'tenants side by side',
    "their operators' documentation",
    written,
    'r2.cloudflarestorage.com workers.dev pages.dev digitaloceanspaces.com ondigitalocean.app linodeobjects.com wasabisys.com oraclecloud.com aliyuncs.com myqcloud.com scw.cloud ovh.net vercel.app netlify.app herokuapp.com onrender.com fly.dev github.io gitlab.io supabase.co deno.dev glitch.me surge.sh',
  ],
];
