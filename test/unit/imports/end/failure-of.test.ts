import { expect, test } from 'vitest';
import { unknownReason } from '../../../../lib/copies/end/fail-copy.ts';
import { failureOf } from '../../../../lib/imports/end/failure-of.ts';

const final = { failure: 'the token has ended', failureCode: 'unauthorized' } as const;
const passing = { failure: 'Glance is away', failureCode: 'unavailable' } as const;
const copyFailed = { failure: { reason: 'other bytes', code: 'data-mismatch' } } as const;
const copyTried = { lastFailure: { reason: 'the source is away', code: 'too-slow' } } as const;
const transferred = { size: 1, digests: {} };

test.each([
  ['its own final reason before all', final, copyFailed, 'the token has ended', 'unauthorized'],
  [
    'that its copy has failed, before what may have passed',
    passing,
    copyFailed,
    'other bytes',
    'data-mismatch',
  ],
  ['what the last try at its copy has said', passing, copyTried, 'the source is away', 'too-slow'],
  [
    'nothing of a copy that is finished',
    passing,
    { ...copyTried, transferred },
    'Glance is away',
    'unavailable',
  ],
  ['its own reason where there is no copy', passing, undefined, 'Glance is away', 'unavailable'],
  ['that nobody has said anything', {}, undefined, unknownReason, 'internal'],
])('an import that has failed tells %s', (_, task, copy, explanation, code) => {
  expect(failureOf(task, copy)).toEqual({ explanation, code });
});
