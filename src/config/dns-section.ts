import { z } from 'zod';
import type { DnsConfig, ResponseZoneConfig } from './config.ts';
import { addressField, durationField, endpointField, pathField, serverField, sizeField } from './config-fields.ts';

/** A domain as settings write it: lower-case ASCII without a last dot. */
const domainName = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*$/;

function domainField(): z.ZodType<string, string> {
  return z.string().regex(domainName, 'a domain is lower-case ASCII without a last dot');
}

/** The `dns:` section: how the DNS filter answers. It listens where `listen.dns`, `listen.dot` and `listen.doh` say. */
export function dnsSection(folder: string): z.ZodType<DnsConfig> {
  return z
    .strictObject({
      denial: z
        .enum(['nxdomain', 'nodata', 'refused', 'sinkhole'])
        .prefault('nxdomain')
        .meta({ description: 'how a denied query is answered; `sinkhole` with the addresses of `dns.sinkhole`' }),
      sinkhole: z
        .array(addressField())
        .max(16)
        .prefault([])
        .meta({ description: 'addresses that denied names get, where `dns.denial` is `sinkhole`' }),
      denialTtl: durationField('0s', '1h')
        .prefault('30s')
        .meta({ description: 'for how long clients keep a denial: an exception bites after that' }),
      sample: z
        .number()
        .min(0)
        .max(1)
        .prefault(0.01)
        .meta({ description: 'share of the allowed queries that is recorded; denied ones always are' }),
      cache: sizeField('1MiB', '4GiB').prefault('64MiB').meta({ description: 'memory for answers' }),
      staleFor: durationField('0s', '7d')
        .prefault('1d')
        .meta({ description: 'for how long an answer past its time is told when no server answers; `0s` for never' }),
      perClient: z.number().int().min(10).max(10_000_000).prefault(1_000).meta({
        description: 'queries a second of one client, an IPv4 address or an IPv6 /56; twice as many at once',
      }),
      searchDomains: z.array(domainField()).max(64).prefault([]).meta({
        description:
          'suffixes that clients try on every name: what no rule covers below them does not exist and is no denial',
      }),
      zones: z
        .record(domainField(), pathField(folder))
        .prefault({})
        .meta({ description: 'domains that are answered here, with their zone files' }),
      forward: z.record(domainField(), z.array(serverField()).min(1).max(16)).prefault({}).meta({
        description: 'domains with servers of their own; names below them are asked nowhere else',
      }),
      responseZones: z
        .array(responseZone(folder))
        .max(64)
        .prefault([])
        .meta({ description: 'response policy zones (RPZ), first match wins' }),
    })
    .refine((dns) => dns.denial !== 'sinkhole' || dns.sinkhole.length > 0, {
      message: '`denial: sinkhole` needs addresses in `sinkhole`',
      path: ['sinkhole'],
    })
    .prefault({})
    .transform(({ denialTtl, cache, staleFor, ...dns }) => ({
      ...dns,
      denialTtlMs: denialTtl,
      cacheBytes: cache,
      staleForMs: staleFor,
    }))
    .meta({ description: 'how the DNS filter answers' });
}

function responseZone(folder: string): z.ZodType<ResponseZoneConfig> {
  return z
    .strictObject({
      zone: domainField().meta({ description: 'origin of the zone' }),
      file: pathField(folder).nullable().prefault(null).meta({ description: 'its file, read again when it changes' }),
      primary: endpointField()
        .nullable()
        .prefault(null)
        .meta({ description: 'the server that it is transferred from' }),
      key: z
        .strictObject({
          name: domainField().meta({ description: 'name of the TSIG key' }),
          algorithm: z.enum(['hmac-sha256', 'hmac-sha384', 'hmac-sha512']).prefault('hmac-sha256').meta({
            description: 'its algorithm',
          }),
          secretFile: pathField(folder).meta({ description: 'file that holds the secret in base64' }),
        })
        .nullable()
        .prefault(null)
        .meta({ description: 'TSIG key of transfers; null for none' }),
    })
    .refine((zone) => (zone.file === null) !== (zone.primary === null), {
      message: 'a response zone has either `file` or `primary`',
    })
    .refine((zone) => zone.key === null || zone.primary !== null, {
      message: '`key` is for transfers, it needs `primary`',
      path: ['key'],
    });
}
