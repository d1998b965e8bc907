import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { inFull, source, toRegion2 } from './events.ts';

test('schemas/image-published.schema.json takes what is taken, and refuses what is refused', () => {
  const file = new URL('../../../../schemas/image-published.schema.json', import.meta.url);
  const isValid = new Ajv2020({ strictRequired: false }).compile(JSON.parse(readFileSync(file, 'utf8')));
  expect([toRegion2, inFull, { source, policy: 'p' }].map((event) => isValid(event))).toEqual([
    true,
    true,
    true,
  ]);
  const wrong = [{ source }, { ...toRegion2, policy: 'p' }, { ...toRegion2, colour: 'red' }];
  expect(wrong.map((event) => isValid(event))).toEqual([false, false, false]);
});
