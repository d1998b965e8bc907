import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { PolicyFile } from '../../../../lib/schemas/replication/policy.ts';

const read = (path: string): string => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8');

test('schemas/policy.schema.json is the schema that policies are held against, and takes the examples', () => {
  const schema = JSON.parse(read('schemas/policy.schema.json'));
  const { $schema: _, title: __, ...rest } = schema;
  expect(rest).toEqual(JSON.parse(JSON.stringify(PolicyFile)));
  const isPolicy = new Ajv2020({ allowUnionTypes: true }).compile(schema);
  for (const example of ['public-images', 'snapshots'])
    expect(isPolicy(parse(read(`docs/policies/${example}.yaml`)))).toBe(true);
  expect(isPolicy({ name: 'a', source: { region: 'S' }, targets: [{ region: 'N' }], more: 1 })).toBe(false);
});
