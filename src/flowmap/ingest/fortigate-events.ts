import type { LineOutcome, ObservationSink } from '../observation.ts';
import { addressOf, countOf } from './flow-facts.ts';
import type { FortiRecord } from './fortigate-record.ts';

/** A record of the DNS filter: responses have the answers; a question alone is told again by its response, unless it was refused. */
export function endFortiDns(record: FortiRecord, timeMs: number, sink: ObservationSink): LineOutcome {
  const name = record.at('qname');
  if (name === '') return 'not_network';
  if (Number.isNaN(timeMs)) return 'bad_time';
  const isDenied = /^(?:block|redirect)/.test(record.at('action'));
  const isResponse = record.at('eventtype') === 'dns-response';
  if (!isResponse && !isDenied) return 'repeated';
  const addresses = record
    .at('ipaddr')
    .split(/[,\s]+/)
    .filter((address) => addressOf(address) !== '');
  return sink.answer({
    timeMs,
    client: addressOf(record.at('srcip')) || null,
    name,
    type: record.at('qtype').toUpperCase(),
    code: record.at('rcode') === '' ? null : (codes.get(record.at('rcode').toUpperCase()) ?? null),
    addresses: isResponse ? addresses.map((address) => ({ address, ttlSeconds: null })) : null,
    aliases: [],
    isDenied,
    resolver: addressOf(record.at('dstip')) || null,
  });
}

// IANA DNS RCODEs; FortiOS writes the number or the name.
const codes: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '0': 'NOERROR',
    '1': 'FORMERR',
    '2': 'SERVFAIL',
    '3': 'NXDOMAIN',
    '4': 'NOTIMP',
    '5': 'REFUSED',
    NOERROR: 'NOERROR',
    SERVFAIL: 'SERVFAIL',
    NXDOMAIN: 'NXDOMAIN',
    REFUSED: 'REFUSED',
  }),
);

/** Leases of addresses in event logs: `DHCP Ack` to hosts, log-ons to users. Other events are no connection. */
export function leaseOfFortiEvent(record: FortiRecord, timeMs: number, sink: ObservationSink): LineOutcome {
  if (record.at('dhcp_msg') === 'Ack') return leaseOfDhcp(record, timeMs, sink);
  const act = /(logon|logoff)$/i.exec(record.at('action'))?.[1]?.toLowerCase();
  const [address, holder] = [addressOf(record.at('srcip')), record.at('user')];
  if (record.subtype !== 'user' || act === undefined || address === '' || holder === '') return 'not_network';
  if (Number.isNaN(timeMs)) return 'bad_time';
  const [fromMs, untilMs] = act === 'logon' ? [timeMs, null] : [null, timeMs];
  return sink.lease({ address, holder, kind: 'user', fromMs, untilMs, origin: 'logon' });
}

function leaseOfDhcp(record: FortiRecord, timeMs: number, sink: ObservationSink): LineOutcome {
  const [address, holder] = [addressOf(record.at('ip')), record.at('hostname') || record.at('mac')];
  if (address === '' || holder === '') return 'bad_fields';
  const leaseSeconds = countOf(record.at('lease'));
  if (Number.isNaN(timeMs)) return 'bad_time';
  if (Number.isNaN(leaseSeconds)) return 'bad_number';
  const untilMs = leaseSeconds > 0 ? timeMs + leaseSeconds * 1000 : null;
  return sink.lease({ address, holder, kind: 'host', fromMs: timeMs, untilMs, origin: 'dhcp' });
}
