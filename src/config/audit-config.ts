/** The kinds of anchors, by the key that names each in the configuration. */
export const anchorKinds = ['path', 'syslog', 'git', 'http'] as const;

/**
 * A place that checkpoints of the audit log go to. `path` and `folder` are absolute, `host` is a name or an address without brackets.
 * `authorities` is a PEM file, null for the authorities that Node ships.
 */
export type AnchorConfig =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'git'; readonly folder: string }
  | { readonly kind: 'http'; readonly url: string; readonly authorities: string | null }
  | {
      readonly kind: 'syslog';
      readonly host: string;
      readonly port: number;
      readonly protocol: 'tcp' | 'tls';
      readonly authorities: string | null;
    };

/** What happens when records cannot be kept, and where checkpoints of the audit log go besides. */
export interface AuditConfig {
  readonly onFull: 'auto' | 'block' | 'count';
  readonly anchors: readonly AnchorConfig[];
}
