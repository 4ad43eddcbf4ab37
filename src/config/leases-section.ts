import { isIP } from 'node:net';
import { z } from 'zod';
import type { LeaseSourceConfig } from './config.ts';
import { durationField, type Field, pathField, textField } from './config-fields.ts';

/** Names of leases that the product makes itself. */
const ownNames: readonly string[] = ['run'];

/** The `leases:` section: who says from when to when an address belongs to a service. */
export function leasesSection(folder: string): z.ZodType<readonly LeaseSourceConfig[]> {
  return z
    .array(leaseSource(folder))
    .max(16)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'a source of leases is listed twice')
    .prefault([])
    .meta({ description: 'sources of leases: from when to when an address belongs to a service' });
}

function leaseSource(folder: string): z.ZodType<LeaseSourceConfig> {
  const optional = pathField(folder).nullable().prefault(null);
  return z
    .strictObject({
      name: z
        .string()
        .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'a source is 1 to 64 of `a-z`, `0-9`, `.`, `-`, `_`, such as `ipam`')
        .refine((name) => !ownNames.includes(name), '`run` is for leases that Exeat makes itself')
        .meta({ description: 'its name; services take its leases by `leased:NAME` in `identities`' }),
      file: optional.meta({ description: 'its file, looked at every second; only its owner may write to it' }),
      url: leaseUrlField().nullable().prefault(null).meta({
        description: 'its https URL, or http of this machine, asked every `every`',
      }),
      every: durationField('1s', '1h').prefault('15s').meta({ description: 'how often the URL is asked' }),
      authorities: optional.meta({
        description: 'authorities of the server behind the URL, PEM; null for the public ones',
      }),
      token: optional.meta({ description: 'file of the token that is sent to the URL as `Authorization: Bearer`' }),
      ranges: z.array(rangeField()).min(1).max(256).meta({
        description: 'the addresses that it may lease; what it says of others does not count',
      }),
      staleAfter: durationField('10s', '30d').nullable().prefault(null).meta({
        description:
          'told as a problem when its last good word is older; null: ten times `every`, at least 1m, for a URL and never for a file',
      }),
    })
    .refine(({ file, url }) => (file === null) !== (url === null), { message: 'a source has either `file` or `url`' })
    .refine(({ url, authorities }) => authorities === null || url?.startsWith('https:') === true, {
      message: '`authorities` needs an https URL, nothing is verified without it',
      path: ['authorities'],
    })
    .refine(({ url, token }) => token === null || url !== null, {
      message: '`token` needs a URL, a file is read without it',
      path: ['token'],
    })
    .transform(({ every, staleAfter, ...rest }) => ({ ...rest, everyMs: every, staleAfterMs: staleAfter }));
}

function leaseUrlField(): Field<string> {
  return textField((text) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url !== null && url.username + url.password + url.hash !== '') {
      return 'the URL of leases has no user, password or fragment, put a secret into `token`';
    }
    const isOfThisMachine = url?.protocol === 'http:' && /^(?:127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
    if (url?.protocol === 'https:' || isOfThisMachine) return { value: url.href };
    return `\`${text}\` is neither an https URL nor one of this machine such as \`http://127.0.0.1:8000/leases\``;
  });
}

function rangeField(): Field<string> {
  return textField((text) => {
    const [address = '', length = '', ...others] = text.split('/');
    const family = address.includes('%') ? 0 : isIP(address);
    const isRange = family !== 0 && /^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128);
    return isRange && others.length === 0 ? { value: text } : `\`${text}\` is not a range such as \`10.20.0.0/16\``;
  });
}
