// The door of `exceptions`: requests, reviews, grants, people.
export type {
  Commit,
  KeptAnswer,
  Ledger,
  LedgerFaultCode,
  NewView,
  View,
  ViewKeys,
  ViewKind,
  ViewQuery,
} from './ledger.ts';
