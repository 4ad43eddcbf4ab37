/** The two ports of the origins of the town, which its policy names. */
export interface TownPorts {
  readonly tls: number;
  readonly plain: number;
}

/** A service of the town: its credential, the loopback address that it comes from, and whether people work with it by day. */
export interface TownService {
  readonly name: string;
  readonly address: string;
}

/** Services that prove themselves by a credential of their name. */
export const townServices: readonly TownService[] = [
  { name: 'payments-api', address: '127.20.1.11' },
  { name: 'shop-web', address: '127.20.1.12' },
  { name: 'ci-runner', address: '127.20.2.21' },
  { name: 'warehouse-etl', address: '127.20.3.31' },
  { name: 'support-desk', address: '127.20.4.41' },
  { name: 'research-agent', address: '127.20.5.51' },
  { name: 'ops-bastion', address: '127.20.6.61' },
];

/** Where the laptops of the office ask the DNS filter from; they prove nothing but their address. */
export const officeAddress = '127.20.9.7';

/** Names that the name server of the town knows, and that the origin has a certificate for. */
export const townHosts: readonly string[] = [
  'bank-gateway.example',
  'rates.bank-gateway.example',
  'failover.bank-gateway.example',
  'schemes.cards.example',
  'files.acquirer.example',
  'kms.cloud.example',
  'console.cloud.example',
  'cdn.shop.example',
  'mail.sender.example',
  'search.provider.example',
  'registry.packages.example',
  'mirror.packages.example',
  'objects.lake.example',
  'api.tickets.example',
  'models.lab.example',
  'updates.office.example',
  'telemetry.vendor.example',
];

/** Domains below which every name is known. */
export const townDomains: readonly string[] = ['tools.example', 'papers.example'];

/** The policy of the town, by file. `observeUntil` is a date at most 30 days ahead. */
export function townPolicy(ports: TownPorts, observeUntil: string): Readonly<Record<string, string>> {
  return {
    'security/boundary.yaml': boundary(ports),
    'shared/destinations.yaml': destinations(ports),
    'payments/payments.yaml': payments(ports),
    'shop/shop.yaml': shop(ports),
    'platform/platform.yaml': platform(ports),
    'data/warehouse.yaml': warehouse(ports),
    'people/support.yaml': support(ports, observeUntil),
    'people/research.yaml': research(ports, observeUntil),
    'people/office.yaml': office(ports),
  };
}

function boundary({ tls }: TownPorts): string {
  return `# What nobody exceeds: no rule, no exception, no emergency.
apiVersion: exeat/v1
owner: team-security
boundary:
  deny:
    - { to: "paste.example:*", reason: paste sites have carried secrets out before }
    - { to: "*.anonymous-files.example:*", reason: uploads without an owner }
  requires:
    admin: { strength: certificate }
---
apiVersion: exeat/v1
destinations: admin-consoles
owner: team-security
class: admin
members: [ "console.cloud.example:${tls}" ]
`;
}

function destinations({ tls }: TownPorts): string {
  return `apiVersion: exeat/v1
destinations: card-schemes
owner: team-payments
members: [ "schemes.cards.example:${tls}", "*.schemes.cards.example:${tls}" ]
---
apiVersion: exeat/v1
destinations: registries
owner: team-platform
class: package-registry
members: [ "registry.packages.example:${tls}" ]
---
apiVersion: exeat/v1
destinations: key-services
owner: team-platform
class: secret-manager
members: [ "kms.cloud.example:${tls}" ]
---
apiVersion: exeat/v1
destinations: data-lake
owner: team-data
class: data-store
members: [ "objects.lake.example:${tls}" ]
`;
}

function payments({ tls }: TownPorts): string {
  return `apiVersion: exeat/v1
service: payments-api
owner: team-payments
kind: app
mode: enforce
identities: [ "credential:payments-api" ]
allow:
  - { to: "bank-gateway.example:${tls}", reason: card settlement }
  - { to: "rates.bank-gateway.example:${tls}", reason: "exchange rates, each hour" }
  - { to: "@card-schemes", reason: scheme rules }
  - { to: "@key-services", reason: envelope keys }
  - { to: "archive.bank-gateway.example:${tls}", reason: statements of the old contract }
tests:
  - { allow: "bank-gateway.example:${tls}" }
  - { deny: "telemetry.vendor.example:${tls}", because: no_rule_matched }
  - { deny: "paste.example:443" }
`;
}

function shop({ tls }: TownPorts): string {
  return `apiVersion: exeat/v1
service: shop-web
owner: team-shop
kind: app
mode: enforce
identities: [ "credential:shop-web" ]
allow:
  - { to: "cdn.shop.example:${tls}", reason: pictures of the shop }
  - { to: "mail.sender.example:${tls}", reason: order mails }
  - { to: "search.provider.example:${tls}", reason: search in the shop }
deny:
  - { to: "*.trackers.example:*", reason: visitors are not sold }
tests:
  - { allow: "mail.sender.example:${tls}" }
  - { deny: "a.trackers.example:${tls}" }
`;
}

function platform({ tls, plain }: TownPorts): string {
  return `apiVersion: exeat/v1
service: ci-runner
owner: team-platform
kind: build
mode: enforce
identities: [ "credential:ci-runner" ]
allow:
  - { to: "@registries", reason: packages of builds }
  - { to: "http://mirror.packages.example:${plain}", reason: "the mirror of the distribution, signed by itself" }
tests:
  - { allow: "registry.packages.example:${tls}" }
  - { deny: "bank-gateway.example:${tls}", because: no_rule_matched }
---
apiVersion: exeat/v1
service: ops-bastion
owner: team-platform
kind: operator
mode: enforce
identities: [ "credential:ops-bastion" ]
allow:
  - { to: "@admin-consoles", strength: certificate, reason: "the console of the cloud, with a certificate only" }
  - { to: "*.tools.example:${tls}", reason: tools that on-call people look things up with }
`;
}

function warehouse({ tls }: TownPorts): string {
  return `apiVersion: exeat/v1
service: warehouse-etl
owner: team-data
kind: app
mode: enforce
identities: [ "credential:warehouse-etl" ]
allow:
  - { to: "@data-lake", reason: nightly loads }
  - { to: "rates.bank-gateway.example:${tls}", reason: exchange rates for reports }
tests:
  - { allow: "objects.lake.example:${tls}" }
`;
}

function support({ tls, plain }: TownPorts, observeUntil: string): string {
  return `apiVersion: exeat/v1
service: support-desk
owner: team-support
kind: app
mode: observe
observeUntil: ${observeUntil}
identities: [ "credential:support-desk" ]
allow:
  - { to: "api.tickets.example:${tls},${plain}", reason: tickets of customers }
  - { to: "mail.sender.example:${tls}", reason: answers to customers }
`;
}

function research({ tls }: TownPorts, observeUntil: string): string {
  return `apiVersion: exeat/v1
service: research-agent
owner: team-research
kind: agent
mode: observe
observeUntil: ${observeUntil}
identities: [ "credential:research-agent" ]
allow:
  - { to: "models.lab.example:${tls}", reason: the model that the agent runs on }
  - { to: "*.papers.example:${tls}", reason: papers that it reads }
`;
}

function office({ tls }: TownPorts): string {
  return `apiVersion: exeat/v1
service: office-laptops
owner: team-it
kind: operator
mode: enforce
identities: [ "source:${officeAddress}/32" ]
allow:
  - { to: "updates.office.example:${tls}", reason: updates of laptops }
  - { to: "api.tickets.example:${tls}", reason: the page of the help desk }
`;
}
