import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectDeclared } from '../../../../test/support/collect-observations.ts';
import { declaredLines, declaredOfFixture, readConfigFixture } from '../../../../test/support/declared-lines.ts';

test('literals of blocks, objects and heredocs are read with their lines, expressions are holes', () => {
  assert.deepEqual(declaredOfFixture('terraform', 'main.tf'), [
    '6 - https://registry.terraform.io:443 required_providers implied',
    '6 - https://releases.hashicorp.com:443 required_providers implied',
    '10 - https://registry.corp.example:443 required_providers stated',
    '13 - https://corp-state.s3.eu-west-1.amazonaws.com:443 backend.s3 stated',
    '22 - https://billing.example:8443 billing_url stated',
    '31 - -://partner.example:- locals.partner_host stated',
    '33 - https://sqs.*.queues.example:443 locals.queue_url stated',
    '37 - https://registry.terraform.io:443 source implied',
    '37 - https://releases.hashicorp.com:443 source implied',
    '42 - https://git.corp.example:443 source stated',
    '43 alerts https://hooks.example:443 hook_url stated',
    '48 invoice-run https://123456789012.dkr.ecr.eu-west-1.amazonaws.com:443 image_uri stated',
    '51 invoice-run postgres://db.example:5432 environment.variables.DATABASE_URL stated',
    '52 invoice-run -://mail.example:587 environment.variables.SMTP_HOST stated',
    '55 invoice-run https://*.callback.example:443 environment.variables.CALLBACK stated',
    '66 - -://203.0.113.0/24:443 egress stated',
    '66 - -://198.51.100.7:443 egress stated',
    '81 api https://registry.example:5000 image stated',
    '83 api -://pay.example:9443 PAY_ENDPOINT stated',
  ]);
  assert.equal(collectDeclared('terraform', 'main.tf', readConfigFixture('main.tf')).faults, 0);
});

test('what is broken is told, and the lines around it are read', () => {
  assert.deepEqual(declaredOfFixture('terraform', 'broken.tf'), [
    '2 - https://one.example:443 url stated',
    '4 - https://two.example:443 other stated',
    '7 - https://three.example:443 locals.url stated',
  ]);
  assert.equal(collectDeclared('terraform', 'broken.tf', readConfigFixture('broken.tf')).faults, 3);
});
test('the source of a module or provider is a host, or the public registry by implication', () => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['./local', []],
    ['../local', []],
    ['git@code.example:team/x.git', ['ssh://code.example:22']],
    ['git::ssh://git@code.example/x.git', ['ssh://code.example:22']],
    ['code.example/team/x//sub?ref=v1', ['https://code.example:443']],
    ['registry.example/ns/name/aws', ['https://registry.example:443']],
    ['https://files.example/x.zip', ['https://files.example:443']],
    ['ns/name/aws', ['https://registry.terraform.io:443', 'https://releases.hashicorp.com:443']],
  ];
  for (const [source, expected] of rows) {
    const found = declaredLines('terraform', 'a.tf', `module "m" {\n  source = "${source}"\n}\n`);
    assert.deepEqual(
      found.map((line) => line.split(' ')[2]),
      expected,
      source,
    );
  }
});

test('HCL with nested templates, escapes, one-line blocks and heredocs keeps its lines', () => {
  const text = [
    'locals { a = "https://one.example" }',
    'b = "https://$' + '{lookup(var.m, "x", "$' + '{var.y}")}.two.example/"',
    'c = "a \\" quote https://three.example"',
    '/* https://commented.example',
    '*/ d = "https://four.example" # https://commented.example',
    'e = <<EOT',
    'first',
    'url = https://five.example',
    'EOT',
    'f = { "g" : ["https://six.example", var.x], h = cond ? "https://seven.example" : null }',
    'i = "$' + '$' + '{not} https://eight.example"',
  ].join('\n');
  assert.deepEqual(
    declaredLines('terraform', 'a.tf', text).map((line) =>
      line
        .split(' ')
        .filter((_, at) => at === 0 || at === 2)
        .join(' '),
    ),
    [
      '1 https://one.example:443',
      '2 https://*.two.example:443',
      '3 https://three.example:443',
      '5 https://four.example:443',
      '8 https://five.example:443',
      '10 https://six.example:443',
      '10 https://seven.example:443',
      '11 https://eight.example:443',
    ],
  );
});

test('the JSON form and variable files are read as the native form', () => {
  const json =
    '{"resource": {"aws_lambda_function": {"a": {"function_name": "run", "environment": {"variables": {"PAY_HOST": "pay.example"}}}}}}';
  assert.deepEqual(declaredLines('terraform', 'a.tf.json', json), [
    '1 run -://pay.example:- environment.variables.PAY_HOST stated',
  ]);
  assert.deepEqual(declaredLines('terraform', 'prod.tfvars', 'partner_host = "p.example"\nids = ["a.b"]\n'), [
    '1 - -://p.example:- partner_host stated',
  ]);
});
