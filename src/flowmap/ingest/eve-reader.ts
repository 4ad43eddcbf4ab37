import type { LineOutcome, ObservationSink } from '../observation.ts';
import { createPendingQuestions, questionOfAlert, takeEveDns, takeEveDnsAlert } from './eve-dns.ts';
import { takeEveFlow, takeEveNetflow } from './eve-flow.ts';
import { type EveHead, readEveHead } from './eve-head.ts';
import { takeEveSighting } from './eve-sighting.ts';
import { type JsonRecord, textAt } from './json-record.ts';
import type { LocalZone } from './log-format.ts';

/** Reads events of Suricata's EVE, whoever carries them. Keeps the questions of old DNS events, within a bound. */
export interface EveReader {
  /** Never throws. */
  read(event: JsonRecord, sink: ObservationSink): LineOutcome;
}

/** Makes a reader for one source. Times without a zone, which Suricata never writes, are times of `zone`. */
export function createEveReader(zone: LocalZone): EveReader {
  const pending = createPendingQuestions();
  const takeDns: Take = (event, head, sink) => takeEveDns(event, head, pending, sink);
  const takeBy: Readonly<Record<string, Take>> = {
    flow: (event, head, sink) => takeEveFlow(event, head, zone, sink),
    netflow: (event, head, sink) => takeEveNetflow(event, head, zone, sink),
    alert: takeAlert,
    drop: takeAlert,
    tls: takeEveSighting,
    quic: takeEveSighting,
    http: takeEveSighting,
    doh2: takeEveSighting,
    dns: takeDns,
  };
  return {
    read: (event, sink) => {
      const type = textAt(event, 'event_type');
      const take = Object.hasOwn(takeBy, type) ? takeBy[type] : undefined;
      if (take === undefined) return toldElsewhere.has(type) ? 'repeated' : 'not_network';
      const head = readEveHead(event, zone);
      return typeof head === 'string' ? head : take(event, head, sink);
    },
  };
}

type Take = (event: JsonRecord, head: EveHead, sink: ObservationSink) => LineOutcome;

function takeAlert(event: JsonRecord, head: EveHead, sink: ObservationSink): LineOutcome {
  const question = questionOfAlert(event);
  return question === null ? takeEveSighting(event, head, sink) : takeEveDnsAlert(event, head, question, sink);
}

/** Events about the inside of connections that have a `flow` event of their own and whose inside names no destination. */
const toldElsewhere: ReadonlySet<string> = new Set([
  'anomaly',
  'bittorrent_dht',
  'dcerpc',
  'dnp3',
  'enip',
  'fileinfo',
  'frame',
  'ftp',
  'ftp_data',
  'ike',
  'ikev2',
  'krb5',
  'ldap',
  'metadata',
  'modbus',
  'mqtt',
  'nfs',
  'packet',
  'pgsql',
  'pop3',
  'rdp',
  'rfb',
  'sip',
  'smb',
  'smtp',
  'snmp',
  'ssh',
  'tftp',
  'websocket',
]);
