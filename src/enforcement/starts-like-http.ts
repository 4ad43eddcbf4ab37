// RFC 9110 section 9 and RFC 5789. Mail and other protocols begin with words too, so only these say HTTP by themselves.
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'].map(
  (each) => `${each} `,
);
const longest = 8;

/** Whether bytes begin with a known method of HTTP/1: `yes`, `no`, or `open` while there are too few to tell. */
export function startsLikeHttp(held: Uint8Array): 'yes' | 'no' | 'open' {
  const word = String.fromCharCode(...held.subarray(0, longest));
  if (methods.some((method) => word.startsWith(method))) return 'yes';
  return methods.some((method) => method.startsWith(word)) ? 'open' : 'no';
}
