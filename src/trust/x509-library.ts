// @peculiar/x509 refuses to load before a Reflect polyfill; every file of this room takes it from here.
import 'reflect-metadata';

export {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate as ParsedCertificate,
  X509Crl,
} from '@peculiar/x509';
