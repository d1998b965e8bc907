import { S3ServiceException } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { partGone } from '../../../../lib/aws/s3/part-gone.ts';

const invalidPart = (message: string, more: object = {}) =>
  Object.assign(
    new S3ServiceException({
      name: 'InvalidPart',
      message,
      $fault: 'client',
      $metadata: { httpStatusCode: 400 },
    }),
    more,
  );

test.each([
  [
    'by the element that AWS has for it',
    invalidPart('One or more parts could not be found.', { PartNumber: '7' }),
    7,
  ],
  [
    'in MinIO’s sentence',
    invalidPart('Specified part could not be found. PartNumber 12, Expected a, got b'),
    12,
  ],
  ['in another sentence', invalidPart('Part 3 could not be found.'), 3],
  ['not at all', invalidPart('One or more of the specified parts could not be found.'), undefined],
])('a part that the store does not have is named %s', (_, error, number) => {
  expect(partGone('complete it', error)).toMatchObject({ code: 'unavailable', number });
});

test('what is about no part is none', () => {
  expect(partGone('complete it', new Error('InvalidPart'))).toBeUndefined();
});
