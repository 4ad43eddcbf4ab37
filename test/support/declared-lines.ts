import { collectDeclared, readFixture } from './collect-observations.ts';

/**
 * What a format declares of a text, a line each, to compare with lines written by hand:
 * `3 shop/api postgres://db.example:5432 DATABASE_URL stated`; `-` for what is null, the schedule last where there is one.
 */
export function declaredLines(formatId: string, path: string, text: string): readonly string[] {
  return collectDeclared(formatId, path, text).declared.map((endpoint) => {
    const { line, service, scheme, host, port, key, confidence, schedule } = endpoint;
    const place = `${scheme ?? '-'}://${host}:${port ?? '-'}`;
    return [line, service ?? '-', place, key ?? '-', confidence, ...(schedule === null ? [] : [schedule])].join(' ');
  });
}

/** {@link declaredLines} of a fixture of `test/fixtures/ingest/config/`, under the path that it would have in a repository. */
export function declaredOfFixture(formatId: string, fixture: string, path: string = fixture): readonly string[] {
  return declaredLines(formatId, path, readConfigFixture(fixture));
}

/** A fixture of `test/fixtures/ingest/config/`. */
export function readConfigFixture(name: string): string {
  return readFixture(`config/${name}`);
}
