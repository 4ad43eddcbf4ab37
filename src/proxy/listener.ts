import { randomBytes } from 'node:crypto';
import { ExeatError } from '../base/index.ts';
import { defaultLimits, proxySession, type SessionSettings, silentObserver } from '../enforcement/index.ts';
import { createSessionListener, type HandshakeMaterial, type SessionListener } from '../transport/index.ts';
import type { ProxyListenerOptions, ProxyTls } from './options.ts';
import { pacScript } from './pac.ts';
import { type ParentProxy, parseParentUrl } from './parent-url.ts';

/** A proxy listener at work. */
export type ProxyListener = SessionListener;

/** Creates a proxy listener. Throws `ExeatError` (`parent_malformed`) for an `upstreamProxy` that is no URL of a proxy. */
export function createProxyListener(options: ProxyListenerOptions): ProxyListener {
  const parent = parentOf(options);
  const { clock, newId, policy, judge, verifier, budgets, records, resolver } = options;
  const observer = options.observer ?? silentObserver;
  return createSessionListener({
    ports: { clock, newId, policy, judge, verifier, budgets, observer, settings: settingsOf(options, parent) },
    records,
    resolver,
    verify: (proof, nowMs) => verifier.verify(proof, nowMs),
    tls: () => materialOf(options.tls ?? null),
    parent: parent?.address ?? null,
    converse: proxySession,
    ...(options.driver === undefined ? {} : { driver: options.driver }),
  });
}

function settingsOf(options: ProxyListenerOptions, parent: ParentProxy | null): SessionSettings {
  const servesPac = options.servesPac ?? true;
  return {
    point: 'proxy',
    limits: { ...defaultLimits, ...options.limits },
    allowCleartextProof: options.allowCleartextProof ?? false,
    onFull: options.onFull ?? 'auto',
    requestBase: options.requestBase ?? null,
    viaName: `exeat-${randomBytes(8).toString('hex')}`,
    parent: parent === null ? null : { authorization: parent.authorization },
    pac: servesPac ? (authority): string => pacScript(authority, options.policy.current()?.segments() ?? []) : null,
  };
}

function parentOf({ upstreamProxy }: ProxyListenerOptions): ParentProxy | null {
  if (upstreamProxy === undefined || upstreamProxy === null) return null;
  const parsed = parseParentUrl(upstreamProxy);
  if (parsed.ok) return parsed.value;
  throw new ExeatError(parsed.fault.code, parsed.fault.message);
}

function materialOf(tls: ProxyTls | null): HandshakeMaterial | null {
  return tls === null ? null : { context: tls.context(), requestCertificate: tls.requestCertificate };
}
