import { z } from 'zod';
import type { LocalConfig } from './config.ts';

/** As policies write users of a host: by name or by number. */
const account = z
  .union([z.int().min(0).max(4_294_967_294).transform(String), z.string()])
  .pipe(
    z
      .string()
      .regex(/^(?:[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?|0|[1-9][0-9]{0,9})$/, 'is not a user: write `root` or `1001`'),
  );

/** The `gateway.local:` section: whether processes of this machine itself are held. */
export function localSection(): z.ZodType<LocalConfig | null> {
  return z
    .strictObject({
      exempt: z.array(account).max(256).prefault([]).meta({
        description:
          'users whose processes are not judged, by name or number; `root` lets out what any program with a set user id does',
      }),
      inbound: z.array(z.int().min(1).max(65_535)).max(1_000).prefault([]).meta({
        description:
          'ports at which this machine answers connections from outside, beside those below 1024, where only root can listen',
      }),
    })
    .nullable()
    .prefault(null)
    .meta({
      description:
        'hold the processes of this machine itself, by user, group or cgroup (`local:` identities); what no service names goes nowhere',
    });
}
