import { isIP } from 'node:net';
import { z } from 'zod';
import type { GatewayConfig } from './config.ts';
import { type Field, textField } from './config-fields.ts';

// Of the range for benchmarks (RFC 2544), which nobody routes and few engines of containers take; and a unique local one (RFC 4193) of ours.
/** Where runs have their addresses unless the configuration says otherwise. */
export const defaultRunRanges: readonly string[] = ['198.18.71.0/24', 'fd65:7865:6174:71::/64'];

/** The `gateway.run:` section: the addresses of `exeat run` behind the gateway. Undefined: the default. */
export function runRangeSection(): z.ZodType<GatewayConfig['run'] | undefined> {
  return z
    .strictObject({
      range: z
        .array(rangeField())
        .min(1)
        .max(2)
        .refine((all) => new Set(all.map((one) => one.includes(':'))).size === all.length, {
          message: '`range` has at most one range of IPv4 and one of IPv6',
        })
        .prefault([...defaultRunRanges])
        .meta({
          description:
            'where runs have their addresses: nothing else may; one range of IPv4, one of IPv6, or both. The first address is the gateway',
        }),
    })
    .transform(({ range }) => ({ ranges: range }))
    .nullable()
    .optional()
    .meta({
      description: '`exeat run` of services that list `leased:run` goes out through the gateway; null: none does',
    });
}

// Room for the gateway and one run at least.
const lengths = { 4: [8, 30], 6: [64, 126] } as const;

function rangeField(): Field<string> {
  return textField((text) => {
    const [address = '', length = '', ...others] = text.split('/');
    const family = address.includes('%') ? 0 : (isIP(address) as 0 | 4 | 6);
    const [least, most] = lengths[family === 0 ? 4 : family];
    const isRange = family !== 0 && /^\d{1,3}$/.test(length) && Number(length) >= least && Number(length) <= most;
    if (isRange && others.length === 0) return { value: text };
    return `\`${text}\` is not a range for runs such as \`198.18.71.0/24\` (/8 to /30) or \`fd00:1::/64\` (/64 to /126)`;
  });
}
