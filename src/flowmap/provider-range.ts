/** A block of addresses that somebody published as theirs. Whose it is names no destination: tenants of a provider change. */
export interface ProviderRange {
  /** Canonical block: `203.0.113.0/24`, `2001:db8::/32`; a block of one address has no length. */
  readonly prefix: string;
  /** `aws`, `azure`; of a table of one's own whatever stands there. */
  readonly provider: string;
  /** The provider's word for what runs there (`EC2`, `Storage`), and where (`eu-central-1`); empty where the table does not say. */
  readonly service: string;
  readonly region: string;
}
