export { type AbsoluteForm, parseAbsoluteForm } from './absolute-form.ts';
export { type BodyFraming, bodyFraming, responseFraming } from './body-framing.ts';
export { type ChunkedResult, type ChunkedScanner, createChunkedScanner } from './chunked.ts';
export { type ClientHello, type ClientHelloResult, parseClientHello } from './client-hello.ts';
export { bareMessage, bareQuery } from './dns/bare-message.ts';
export {
  type DnsEdns,
  type DnsMessage,
  type DnsQuestion,
  type DnsRecord,
  dnsTypes,
  internetClass,
  rcodes,
  type TtlSeconds,
} from './dns/message.ts';
export {
  isBelow,
  labelsOf,
  lowerName,
  type NameRead,
  readName,
  readPlainName,
  sameName,
  writeName,
} from './dns/names.ts';
export { readMessage } from './dns/read-message.ts';
export { type QueryProblem, QueryView, readQuery } from './dns/read-query.ts';
export { datagramBytes, type PackedAnswer, packAnswer, type ReplyOptions, writeReply } from './dns/reply.ts';
export { rewriteSvcb, type SvcbParam, type SvcbRecord, type SvcbRewrite } from './dns/svcb.ts';
export { typeName, typeNumber } from './dns/type-names.ts';
export { type ErrorReply, type NegativeSoa, writeError } from './dns/write-error.ts';
export { type WriteMessageOptions, writeMessage } from './dns/write-message.ts';
export type { ExtendedError } from './dns/write-opt.ts';
export { classifyFirstByte, type FirstProtocol } from './first-byte.ts';
export { type FieldList, fieldMembers, fieldValue, fieldValues, type HeaderField } from './head-fields.ts';
export { defaultHeadLimits, type HeadLimits, type IncompleteHead } from './head-scan.ts';
export { createHelloRetryWatcher, type HelloRetryWatcher, type SecondHelloResult } from './hello-retry.ts';
export { latin1Bytes } from './latin1.ts';
export { type ProxyProof, parseProxyAuthorization } from './proxy-authorization.ts';
export { type HttpVersion, parseRequestHead, type RequestHead, type RequestHeadResult } from './request-head.ts';
export { parseResponseHead, type ResponseHead, type ResponseHeadResult } from './response-head.ts';
export {
  type Incomplete,
  parseSocksAuth,
  parseSocksGreeting,
  parseSocksRequest,
  type SocksAuth,
  type SocksGreeting,
  type SocksRequest,
  socksNoAuth,
  socksUserPassword,
} from './socks5.ts';
export { type SocksReplyName, writeSocksAuthResult, writeSocksMethod, writeSocksReply } from './socks5-reply.ts';
export type { Refused, WireFault, WireFaultCode } from './wire-fault.ts';
export { writeRequestHead, writeResponseHead } from './write-head.ts';
