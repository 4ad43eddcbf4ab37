import type { Reason } from '../policy/index.ts';
import { type ClientHello, parseClientHello } from '../wire/index.ts';
import type { ClientContext, Over } from './client-context.ts';
import { arm, type Ended, joinBytes, noBytes, readEvent, type Step, tell } from './conversation.ts';
import { fine, type InnerVerdict, isObserved, judgeBreach, judgeInnerHost } from './judge-inner.ts';
import type { LiveFlow } from './live-flow.ts';
import { parseServerName, reasonOfHello } from './server-name.ts';
import { startsLikeHttp } from './starts-like-http.ts';

/** What the first bytes of a tunnel turned out to be; `bytes` are the client's, read and not sent yet. */
export type FirstBytes =
  | { readonly kind: 'opaque' | 'http' | 'silent'; readonly bytes: Uint8Array; readonly inner: InnerVerdict }
  | { readonly kind: 'tls'; readonly bytes: Uint8Array; readonly inner: InnerVerdict; readonly hello: ClientHello }
  | { readonly kind: 'refused'; readonly inner: InnerVerdict }
  | Over;

const tlsHandshake = 0x16;
const readEither = { type: 'read', from: 'either' } as const;
const readClients = { type: 'read', from: 'client' } as const;

/**
 * Finds out what an established tunnel carries (DESIGN 5.1, protocols). An opaque rule (`tcp`) awaits nothing, so a server may
 * speak first. Otherwise the client's first bytes are awaited: a ClientHello, or a request where the rules say `http`.
 * Under observe whatever comes passes, the server speaking first too, with a remark.
 */
export function* readFirstBytes(client: ClientContext, flow: LiveFlow): Step<FirstBytes> {
  if (flow.verdict.admission.tcp && !flow.verdict.wouldDeny) {
    flow.carried = 'tcp';
    return { kind: 'opaque', bytes: noBytes, inner: fine };
  }
  const found = yield* awaitFirstBytes(client, flow);
  arm(client, null);
  return found;
}

/** Judges a hello, the first or the second: its server name against the destination, and whether it is encrypted. */
export function judgeHello(client: ClientContext, flow: LiveFlow, hello: ClientHello): InnerVerdict {
  const named = judgeServerName(client, flow, hello.serverName);
  if (named.kind === 'refused') return named;
  if (hello.hasEch) flow.usesEch = true;
  if (hello.hasEch && !flow.verdict.admission.ech) return judgeBreach(flow, 'ech_refused');
  return named;
}

function judgeServerName(client: ClientContext, flow: LiveFlow, serverName: string | null): InnerVerdict {
  flow.carried = serverName === null ? 'unnamed-tls' : 'tls';
  if (serverName === null) {
    const mayBeUnnamed = flow.destination.host.kind === 'address' && flow.verdict.admission.sniNone;
    return mayBeUnnamed ? fine : judgeBreach(flow, 'sni_missing');
  }
  const host = parseServerName(serverName);
  if (!host.ok) return judgeBreach(flow, host.fault.code);
  return judgeInnerHost(client, flow, host.value, 'sni_mismatch');
}

function* awaitFirstBytes(client: ClientContext, flow: LiveFlow): Step<FirstBytes> {
  let held = noBytes;
  for (;;) {
    const command = whoMaySpeak(flow, held);
    const event = readEvent(client.facts.ask(command) ?? (yield command));
    if (event.type !== 'bytes') return withoutBytes(flow, held, event);
    if (event.side === 'upstream') {
      tell(client, { type: 'unread', side: 'upstream', bytes: event.bytes });
      return breach(flow, held, 'hello_missing');
    }
    if (held.length === 0) arm(client, client.ports.settings.limits.helloTimeoutMs);
    held = joinBytes(held, event.bytes);
    const found = classify(client, flow, held);
    if (found !== null) return found;
  }
}

function whoMaySpeak(flow: LiveFlow, held: Uint8Array): typeof readEither | typeof readClients {
  return isObserved(flow) && held.length === 0 ? readEither : readClients;
}

function withoutBytes(flow: LiveFlow, held: Uint8Array, event: Ended): FirstBytes {
  if (event.type === 'over') return { kind: 'over', by: event.by };
  // Who closes before a byte was sent has carried nothing: there is nothing to refuse.
  const isSilent = event.type === 'end' && (held.length === 0 || event.side === 'upstream');
  return isSilent ? { kind: 'silent', bytes: held, inner: fine } : unreadable(flow, held);
}

function classify(client: ClientContext, flow: LiveFlow, held: Uint8Array): FirstBytes | null {
  const { admission } = flow.verdict;
  if (held[0] === tlsHandshake && (admission.tls || isObserved(flow))) return classifyHello(client, flow, held);
  // What no rule covers and observation lets through may be any protocol, so only what names a method is read as HTTP.
  if (admission.http && (!flow.verdict.wouldDeny || startsLikeHttp(held) === 'yes')) {
    flow.carried = 'http';
    return { kind: 'http', bytes: held, inner: fine };
  }
  return breach(flow, held, 'hello_missing');
}

function classifyHello(client: ClientContext, flow: LiveFlow, held: Uint8Array): FirstBytes | null {
  const result = parseClientHello(held);
  switch (result.kind) {
    case 'incomplete':
      return held.length > client.ports.settings.limits.maxHelloBytes ? unreadable(flow, held) : null;
    case 'fault':
      return breach(flow, held, reasonOfHello(result.fault.code));
    case 'not_tls':
      return breach(flow, held, 'hello_missing');
    case 'hello': {
      const inner = judgeHello(client, flow, result.hello);
      if (inner.kind === 'refused') return { kind: 'refused', inner };
      return { kind: 'tls', bytes: held, inner, hello: result.hello };
    }
    default:
      return result satisfies never;
  }
}

function unreadable(flow: LiveFlow, held: Uint8Array): FirstBytes {
  return breach(flow, held, 'hello_unreadable');
}

function breach(flow: LiveFlow, held: Uint8Array, reason: Reason): FirstBytes {
  const inner = judgeBreach(flow, reason);
  flow.carried = 'unknown';
  return inner.kind === 'refused' ? { kind: 'refused', inner } : { kind: 'opaque', bytes: held, inner };
}
