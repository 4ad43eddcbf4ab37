import { z } from 'zod';
import { type AnchorConfig, type AuditConfig, anchorKinds } from './audit-config.ts';
import { pathField, remoteField, sinkUrlField } from './config-fields.ts';

/** The `audit:` section: what happens when records cannot be kept, and where checkpoints of the audit log go. */
export function auditSection(folder: string): z.ZodType<AuditConfig> {
  return z
    .strictObject({
      onFull: z.enum(['auto', 'block', 'count']).prefault('auto').meta({
        description:
          'when records cannot be kept: block new connections, count what is lost, or auto (block what only a grant justifies)',
      }),
      anchors: z.array(anchorEntry(folder)).max(16).prefault([]).meta({
        description:
          'where checkpoints of the audit log go besides, out of reach of whoever could rewrite it; each is one of `path`, `syslog`, `git`, `http`',
      }),
    })
    .prefault({})
    .meta({ description: 'what happens when records cannot be kept, and the anchors of the audit log' });
}

function anchorEntry(folder: string): z.ZodType<AnchorConfig> {
  return z
    .strictObject({
      path: pathField(folder).optional().meta({ description: 'a file that checkpoints are appended to' }),
      syslog: remoteField().optional().meta({ description: 'host and port of a syslog receiver (RFC 5424)' }),
      git: pathField(folder).optional().meta({
        description: 'a folder in an existing git work tree, where each checkpoint is a commit',
      }),
      http: sinkUrlField().optional().meta({ description: 'a URL that each checkpoint is posted to' }),
      protocol: z.enum(['tcp', 'tls']).optional().meta({ description: 'how syslog is sent; `tls` unless told' }),
      authorities: pathField(folder).optional().meta({
        description: 'authorities of the syslog receiver or of the https URL, PEM; the public ones unless told',
      }),
    })
    .refine((anchor) => anchorKinds.filter((kind) => anchor[kind] !== undefined).length === 1, {
      message: 'an anchor has one of `path`, `syslog`, `git`, `http`',
    })
    .refine((anchor) => anchor.protocol === undefined || anchor.syslog !== undefined, {
      message: '`protocol` belongs to `syslog`',
      path: ['protocol'],
    })
    .refine((anchor) => anchor.authorities === undefined || isOverTls(anchor), {
      message: '`authorities` needs `syslog` over TLS or an https URL, nothing is verified without it',
      path: ['authorities'],
    })
    .transform(({ path, syslog, git, http, protocol = 'tls', authorities = null }): AnchorConfig => {
      if (path !== undefined) return { kind: 'path', path };
      if (syslog !== undefined) return { kind: 'syslog', ...syslog, protocol, authorities };
      return git !== undefined ? { kind: 'git', folder: git } : { kind: 'http', url: http ?? '', authorities };
    });
}

function isOverTls(anchor: {
  readonly syslog?: unknown;
  readonly http?: string | undefined;
  readonly protocol?: string | undefined;
}): boolean {
  if (anchor.syslog !== undefined) return anchor.protocol !== 'tcp';
  return anchor.http?.startsWith('https:') === true;
}
