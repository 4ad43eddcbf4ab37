/** The kinds of document, each named by the key that says so. */
export const documentKinds = [
  'service',
  'destinations',
  'boundary',
  'segments',
  'space',
  'unattributed',
  'tiers',
] as const;

/** One of {@link documentKinds}. */
export type DocumentKind = (typeof documentKinds)[number];

/** The maps of the grammar: each has its own keys. */
export type MapName =
  | DocumentKind
  | 'allowRule'
  | 'denyRule'
  | 'crossing'
  | 'test'
  | 'identity'
  | 'token'
  | 'local'
  | 'boundaryBody'
  | 'requirement'
  | 'revoked'
  | 'segment'
  | 'unattributedBody'
  | 'tiersBody'
  | 'tier'
  | 'breakGlass';

const everyDocument = ['apiVersion', 'owner'];

/** The keys that each map of the grammar may have. */
export const knownKeys: Readonly<Record<MapName, readonly string[]>> = {
  service: [...everyDocument, 'service', 'kind', 'mode', 'observeUntil', 'identities', 'allow', 'deny', 'tests'],
  destinations: [...everyDocument, 'destinations', 'class', 'members'],
  boundary: [...everyDocument, 'boundary'],
  segments: [...everyDocument, 'segments'],
  space: [...everyDocument, 'space', 'path', 'owners', 'environment', 'identities'],
  unattributed: [...everyDocument, 'unattributed'],
  tiers: [...everyDocument, 'tiers'],
  allowRule: ['to', 'reason', 'via', 'crossing', 'ech', 'sni', 'strength', 'queries'],
  denyRule: ['to', 'reason'],
  crossing: ['from', 'to'],
  test: ['allow', 'deny', 'because', 'as'],
  identity: ['all', 'credential', 'source', 'leased', 'token', 'spiffe', 'local'],
  token: ['issuer', 'claims'],
  local: ['user', 'group', 'cgroup'],
  boundaryBody: ['deny', 'requires', 'revoked'],
  requirement: ['strength', 'from'],
  revoked: ['identity', 'reason'],
  segment: ['ranges', 'environment'],
  unattributedBody: ['sources', 'until', 'reason'],
  tiersBody: ['low', 'medium', 'high', 'break-glass'],
  tier: [
    'quorum',
    'approvers',
    'confirm',
    'longest',
    'cumulative',
    'repeats',
    'pending',
    'startWithin',
    'drain',
    'strength',
    'reviewWithin',
  ],
  breakGlass: [
    'longest',
    'cumulative',
    'bytesUp',
    'acknowledgeWithin',
    'reviewWithin',
    'signatures',
    'confirm',
    'strength',
  ],
};

/** Keys of the grammar to come: known, so that they are never silently ignored, and errors until something enforces them. */
export const unenforcedKeys: Readonly<Record<string, string>> = {
  group: 'groups of people come with a later version',
  limits: 'limits come with a later version',
  rate: 'rate limits come with a later version',
  volume: 'volume limits come with a later version',
  hours: 'hours come with a later version',
  countries: 'conditions on countries come with a later version',
  asn: 'conditions on networks come with a later version',
  labels: 'labels come with a later version',
  methods: 'inspection of requests comes with a later version',
  paths: 'inspection of requests comes with a later version',
  inspect: 'inspection of requests comes with a later version',
  until: 'rules have no end; ask for an exception, which ends by itself',
  expires: 'rules have no end; ask for an exception, which ends by itself',
};

/** Keys that people look for in the wrong place, with where they belong: by map, then key. */
export const misplacedKeys: Readonly<Partial<Record<MapName, Readonly<Record<string, string>>>>> = {
  service: { environment: 'a service inherits its environment from the space of its file' },
  denyRule: {
    via: 'a deny holds wherever the name resolves to',
    crossing: 'a deny holds in every environment',
    ech: 'a deny holds however the client says hello',
    queries: 'a deny holds for every query',
    sni: 'a deny holds however the client says hello',
    strength: 'a deny holds for every strength of proof',
  },
};
