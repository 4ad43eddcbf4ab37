/** What a browser says of where a request comes from. */
export interface RequestOrigin {
  readonly method: string;
  /** `Host`, already known to be one of ours. */
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site` (Fetch Metadata): absent with old browsers only. */
  readonly fetchSite: string | undefined;
  readonly isTls: boolean;
}

/**
 * Whether a request with a cookie comes from a page of ours. What changes something must name our origin; what reads may name none, as
 * browsers send none with a read, and is refused when it says that another site asks.
 */
export function isFromOwnPage({ method, host, origin, fetchSite, isTls }: RequestOrigin): boolean {
  if (fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none') return false;
  if (origin === undefined) return method === 'GET' || method === 'HEAD';
  // Behind a proxy that ends TLS the page is https and we are not.
  return origin === `https://${host}` || (!isTls && origin === `http://${host}`);
}
