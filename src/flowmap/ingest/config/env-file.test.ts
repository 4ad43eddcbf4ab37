import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectDeclared } from '../../../../test/support/collect-observations.ts';
import { declaredOfFixture, readConfigFixture } from '../../../../test/support/declared-lines.ts';

test('every kind of connection string gives its host, port and scheme alone', () => {
  assert.deepEqual(declaredOfFixture('env-file', 'settings.env'), [
    '2 - postgres://db.example:5432 DATABASE_URL stated',
    '3 - sqlserver://sql.example:1444 JDBC stated',
    '4 - oracle://ora.example:1522 ORACLE stated',
    '5 - mysql://m1.example:3306 MYSQL stated',
    '5 - mysql://m2.example:3306 MYSQL stated',
    '6 - mongodb+srv://_mongodb._tcp.cluster0.ab12.mongo.example:- MONGO stated',
    '6 - mongodb://*.ab12.mongo.example:27017 MONGO implied',
    '7 - mongodb://mg1.example:27017 MONGO_LIST stated',
    '7 - mongodb://mg2.example:27018 MONGO_LIST stated',
    '8 - -://k1.example:9093 KAFKA_BOOTSTRAP_SERVERS stated',
    '8 - -://k2.example:9093 KAFKA_BOOTSTRAP_SERVERS stated',
    '9 - amqps://mq.example:5671 AMQP stated',
    '10 - -://cache.example:6380 REDIS stated',
    '11 - -://mail.example:587 SMTP_HOST stated',
    '13 - ldaps://dir.example:636 LDAP stated',
    '14 - https://corp-data.s3.*.amazonaws.com:443 S3 implied',
    '15 - https://storage.googleapis.com:443 GCS implied',
    '16 - https://corpdata.*.core.windows.net:443 AZURE stated',
    '17 - sb://ns1.servicebus.example:5671 SERVICEBUS stated',
    '18 - https://sqs.eu-west-1.amazonaws.com:443 QUEUE_ARN implied',
    '19 - https://otlp.example:4318 OTEL_EXPORTER_OTLP_ENDPOINT stated',
    '20 - https://o1.sentry.example:443 SENTRY_DSN stated',
    '21 - sqlserver://ado.example:1433 ADO stated',
    '22 - postgresql://pg.example:5433 LIBPQ stated',
    '31 - https://*.api.example:443 HOLE stated',
    '33 - https://fallback.example:443 DEFAULTED stated',
    '34 - https://2001:db8::1:8443 V6 stated',
  ]);
  assert.equal(collectDeclared('env-file', 'settings.env', readConfigFixture('settings.env')).faults, 0);
});

test('application.yml is read with the defaults of its placeholders and ports of siblings', () => {
  assert.deepEqual(declaredOfFixture('env-file', 'application.yml'), [
    '3 - postgresql://db.example:5433 spring.datasource.url stated',
    '7 - -://cache.example:6380 spring.data.redis.host stated',
    '10 - -://k1.example:9093 spring.kafka.bootstrap-servers stated',
    '10 - -://k2.example:9093 spring.kafka.bootstrap-servers stated',
  ]);
  assert.equal(collectDeclared('env-file', 'application.yml', readConfigFixture('application.yml')).faults, 0);
});

test('appsettings.json is read with comments', () => {
  assert.deepEqual(declaredOfFixture('env-file', 'appsettings.jsonc', 'appsettings.json'), [
    '5 - sqlserver://sql.example:1444 ConnectionStrings.Main stated',
    '8 - https://billing.example:443 Billing.BaseUrl stated',
    '9 - -://b2.example:8443 Billing.Host stated',
  ]);
  assert.equal(collectDeclared('env-file', 'appsettings.json', readConfigFixture('appsettings.jsonc')).faults, 0);
});
