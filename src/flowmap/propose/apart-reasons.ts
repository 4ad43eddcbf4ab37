/** Why something seen is not proposed; a closed set, spelled the same in every output. */
export type ApartReason =
  | 'one_off'
  | 'rare'
  | 'night_only'
  | 'high_upload'
  | 'beacon_regular'
  | 'undeclared_alone'
  | 'dynamic_dns'
  | 'paste_site'
  | 'file_storage'
  | 'tunnel_site'
  | 'package_registry'
  | 'platform'
  | 'forbidden_address'
  | 'boundary_denied'
  | 'policy_denied'
  | 'source_denied'
  | 'segment_missing'
  | 'segment_crossing'
  | 'addresses_mixed'
  | 'rule_stands'
  | 'provider_address'
  | 'name_uncertain'
  | 'port_unknown'
  | 'inexpressible';

/** Every {@link ApartReason} with what it means and what to do. */
export const apartReasons: Readonly<Record<ApartReason, { readonly says: string; readonly mend: string }>> = {
  one_off: { says: 'seen on one day only', mend: 'allow it if that was meant to happen, and will again' },
  rare: { says: 'seen on few of the days', mend: 'allow it if it belongs to a job that runs seldom' },
  night_only: { says: 'seen at night only, by a service that works by day', mend: 'find the job that does this' },
  high_upload: { says: 'sends out far more than it gets back', mend: 'find out what is sent, and who asked for it' },
  beacon_regular: { says: 'as regular as a clock', mend: 'find the timer that does this: a heartbeat, or a beacon' },
  undeclared_alone: {
    says: 'no configuration declares it, and no other service uses it',
    mend: 'find who brought it in, and declare it',
  },
  dynamic_dns: { says: 'a name on dynamic DNS', mend: 'ask for a name of its owner' },
  paste_site: { says: 'a paste site or request catcher', mend: 'allow it to a person, for a time, if at all' },
  file_storage: { says: 'a site where anybody stores files', mend: 'allow it to a person, for a time, if at all' },
  tunnel_site: { says: 'a tunnel out, or an overlay network', mend: 'end the tunnel' },
  package_registry: { says: 'a package registry, and no build', mend: 'move the download into the build' },
  platform: { says: 'metadata or a platform name, which no rule can allow', mend: 'use identities that need none' },
  forbidden_address: { says: 'an address that nobody may dial', mend: 'nothing to allow' },
  boundary_denied: { says: 'the boundary denies it', mend: 'nothing to allow' },
  policy_denied: { says: 'the present policy denies it by more than a missing rule', mend: 'see `exeat explain`' },
  source_denied: { says: 'refused by what logged it, every time', mend: 'allow it only if that refusal was wrong' },
  segment_missing: {
    says: 'a private address in no segment of the policy',
    mend: 'add a segment with its range, then propose again',
  },
  segment_crossing: {
    says: 'a segment of another environment',
    mend: 'write `crossing: { from: …, to: … }` if the two are meant to meet',
  },
  addresses_mixed: {
    says: 'a name with public and private addresses',
    mend: 'decide which answer is meant: the name may be rebound, or its horizon split',
  },
  rule_stands: { says: 'a rule for it stands already and does not reach it', mend: 'mend `via` of that rule' },
  provider_address: {
    says: "an address in a provider's range, where tenants change",
    mend: 'ingest DNS or proxy logs, which tell its name',
  },
  name_uncertain: {
    says: 'an address with several possible names',
    mend: 'allow the names among them that are meant, or ingest proxy logs',
  },
  port_unknown: { says: 'no record says the port', mend: 'ingest a source that does' },
  inexpressible: { says: 'neither TCP nor UDP, or no host: no rule speaks of it', mend: 'nothing to allow' },
};
