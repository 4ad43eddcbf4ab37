import type { Application } from '../observation.ts';

/** What a record's word for application or service says of what was spoken: `ssl` (App-ID), `HTTPS` (FortiGate), `domain-udp`. */
export function applicationOf(word: string): Application {
  return words.get(word.toLowerCase()) ?? 'unknown';
}

// Words that are not here say nothing of TLS or HTTP: an App-ID like `office365-base` may be either.
const words: ReadonlyMap<string, Application> = new Map(
  Object.entries({
    ssl: 'tls',
    tls: 'tls',
    https: 'tls',
    https_proxy: 'tls',
    quic: 'tls',
    dnsoverhttps: 'tls',
    http: 'http',
    http_proxy: 'http',
    'web-browsing': 'http',
    tunnel: 'tunnel',
    tunnel_ssl: 'tunnel',
    dns: 'dns',
    'dns-base': 'dns',
    domain: 'dns',
    'domain-udp': 'dns',
    'domain-tcp': 'dns',
    ssh: 'other',
    ftp: 'other',
    smtp: 'other',
    ntp: 'other',
    'ntp-base': 'other',
    'ntp-udp': 'other',
    ldap: 'other',
    syslog: 'other',
    mysql: 'other',
    postgres: 'other',
  } as const),
);
