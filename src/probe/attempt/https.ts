import { type Mark, markText } from '../mark.ts';
import { writeHttp2Request } from '../packets/http2.ts';
import type { ProbeTarget } from '../way.ts';
import { talk } from './line.ts';
import { type Attempt, awaitProof, dial, hostOf, tcpAttempt, type Whither } from './streams.ts';

/** Where a made request goes: the start line's target, and the Host field. */
export interface HttpAttempt {
  readonly whither: Whither;
  readonly host: (target: ProbeTarget) => string;
  /** The scheme and authority in front of the path. Default: none, only the path. */
  readonly absolute?: (target: ProbeTarget) => string;
  /** Further fields, each with its line end. Default: none. */
  readonly fields?: string;
}

/** One HTTP/1 request to port 80 whose path is the mark. */
export function httpAttempt(options: HttpAttempt): Attempt {
  return tcpAttempt(options.whither, 80, (target, mark) => {
    const absolute = options.absolute === undefined ? '' : `http://${options.absolute(target)}`;
    return writeGet(`${absolute}/${markText(mark)}`, options.host(target), options.fields ?? '');
  });
}

/** CONNECT to a server that is no proxy: what is judged as a request may become a tunnel. */
export const httpConnectAttempt: Attempt = tcpAttempt('ipv4', 80, (target, mark) => {
  const authority = `${target.allowed ?? target.ipv4}:443`;
  return Buffer.from(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nUser-Agent: ${markText(mark)}\r\n\r\n`);
});

/** HTTP/2 without TLS, by prior knowledge (RFC 9113 section 3.3). */
export const http2Attempt: Attempt = tcpAttempt('ipv4', 80, (target, mark) =>
  writeHttp2Request(target.allowed ?? target.ipv4 ?? '', `/${markText(mark)}`),
);

/** A request for the allowed name, and after its answer another for the canary over the same connection. */
export function keptConnectionAttempt(whither: Whither): Attempt {
  return (target, mark) =>
    talk(
      { open: () => dial(hostOf(target, whither), 80), readyEvent: 'connect', timeoutMs: target.timeoutMs },
      async (line) => {
        const ready = await line.ready();
        if (!ready.ok) return ready.fault;
        line.send(writeGet('/', target.allowed ?? '', ''));
        const first = await line.read((all) => (all.includes('\r\n\r\n') ? true : null));
        if (!first.ok) return first.fault;
        line.send(writeGet(`/${markText(mark)}`, canaryHost(target), ''));
        return awaitProof(line, mark);
      },
    );
}

/** The canary as a Host field says it: by name, or else by address. */
export function canaryHost(target: ProbeTarget): string {
  return target.canary ?? target.ipv4 ?? '';
}

/** A GET with little in it. */
export function writeGet(path: string, host: string, fields: string): Uint8Array {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: exeat-probe\r\n${fields}\r\n`);
}

/** What a metadata service is asked, in the words of several clouds at once. */
export function writeMetadataRequest(path: string, host: string, mark: Mark): Uint8Array {
  return writeGet(path, host, `Metadata: true\r\nMetadata-Flavor: Google\r\nX-Probe: ${markText(mark)}\r\n`);
}

/** An answer that a metadata service gave, and nobody who only answers everything or repeats what it was sent. */
export function isMetadataAnswer(all: Uint8Array): boolean {
  const [head = '', body = ''] = Buffer.from(all).toString('latin1').split('\r\n\r\n', 2);
  return head.startsWith('HTTP/1.') && (headSigns.test(head) || bodySigns.test(body));
}

// Neither stands in the request of ours, whose fields and path a page of somebody else may repeat.
const headSigns = /^(?:Server: (?:EC2ws|Metadata Server for VM)|Metadata-Flavor: Google|X-Aws-Ec2-Metadata)/im;
const bodySigns = /\b(?:ami-id|instance-id|meta-data|computeMetadata|droplet_id|apiVersions)\b|<Versions>/;
