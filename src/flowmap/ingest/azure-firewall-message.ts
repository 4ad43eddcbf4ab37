import type { LineOutcome, ObservationSink } from '../observation.ts';
import { takeAzureRequest } from './azure-firewall-request.ts';
import { splitHostPort } from './host-port.ts';

// `HTTPS request from 10.0.2.4:56029 to host:443. Action: Deny. …`, `ICMP Type=8 request from a to b. …`, and without a destination
// `HTTPS request from 10.0.0.1:6065. Action: Deny. Reason: SNI TLS extension was missing.` A full stop ends the address, not in it.
const request = /^(\S+(?: Type=\d+)?)\s+request from (\S+?)(?: to (\S+?))?(?=\.*(?:\s|$))(.*)$/s;

/** Takes the text of the older logs (`properties.msg`): application, network and NAT rules, threat intelligence, signatures, DNS. */
export function takeAzureMessage(message: string, timeMs: number, sink: ObservationSink): LineOutcome {
  const text = message.trim();
  if (text.startsWith('DNS Request:')) return takeQuestion(text, timeMs, sink);
  // What went wrong with a question that has its own line.
  if (/^Error: \d+ /.test(text)) return 'repeated';
  const found = request.exec(text);
  if (found === null) return 'bad_fields';
  const [, protocol = '', from = '', to = '', rest = ''] = found;
  if (/^\s*was DNAT'ed to /.test(rest)) return 'inbound';
  const source = splitHostPort(from);
  const destination = to === '' ? { host: '', port: -1 } : splitHostPort(to);
  if (source === null || destination === null) return 'bad_address';
  const isSignature = /\. IDS: /.test(rest);
  const parts = { timeMs, protocol, source: source.host, sourcePort: source.port, ...destination };
  return takeAzureRequest(
    {
      ...parts,
      action: actionOf(rest),
      isAside: isSignature || /\. ThreatIntel: /.test(rest),
      isEitherWay: isSignature,
      isProxied: false,
    },
    sink,
  );
}

function actionOf(rest: string): string {
  return /^\s*was denied\b/.test(rest) ? 'denied' : (/\. Action: (\w+)/.exec(rest)?.[1] ?? '');
}

// `DNS Request: 10.0.0.4:54345 - 12345 AAAA IN www.example.com. udp 46 false 512 NOERROR qr,rd,ra 72 0.0003s`: what CoreDNS writes, with
// and without its quotes around the question.
function takeQuestion(text: string, timeMs: number, sink: ObservationSink): LineOutcome {
  const [from = '', , , type = '', , name = '', , , , , code] = text
    .slice('DNS Request:'.length)
    .replaceAll('"', '')
    .trim()
    .split(/\s+/);
  const client = splitHostPort(from);
  if (code === undefined || client === null) return 'bad_fields';
  return takeAzureQuestion({ timeMs, client: client.host, name, type, code }, sink);
}

/** A question as the DNS proxy of the firewall logs it: with the code of the answer, without the answer. */
export interface AzureQuestion {
  readonly timeMs: number;
  readonly client: string;
  readonly name: string;
  readonly type: string;
  readonly code: string;
}

/** Takes a question. The log cannot tell answers, except that any code but NOERROR has none. */
export function takeAzureQuestion(question: AzureQuestion, sink: ObservationSink): LineOutcome {
  const code = /^[A-Z]+\d*$/.test(question.code) ? question.code : null;
  if (question.name === '' || question.client === '') return 'bad_fields';
  return sink.answer({
    timeMs: question.timeMs,
    client: question.client,
    name: question.name,
    type: question.type.toUpperCase(),
    code,
    addresses: code === null || code === 'NOERROR' ? null : [],
    aliases: [],
    isDenied: false,
    resolver: null,
  });
}
