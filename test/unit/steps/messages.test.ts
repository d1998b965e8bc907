import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { isOfCopy } from '../../../lib/state/messages.ts';
import { parseMessage } from '../../../lib/steps/messages.ts';
import { newCopyId, newImport } from '../../contract/state/fixtures.ts';

const ref = newImport();
const copyId = newCopyId();
const parsed = (message: unknown) => parseMessage(JSON.stringify(message));

describe('a message of an import', () => {
  test.each([{}, { waits: 1 }, { activation: 'none' }, { region: 'Zürich #2 ☃' }])(
    'is taken, with %j',
    (more) => {
      const message = { ...ref, ...more };
      expect(parsed(message)).toEqual(message);
      expect(isOfCopy(parsed(message))).toBe(false);
    },
  );
});

describe('a message of a copy', () => {
  test.each([{}, { row: 0 }, { row: 10_000 }, { row: 3, waits: 7 }])('is taken, with %j', (more) => {
    const message = { copyId, ...more };
    expect(parsed(message)).toEqual(message);
    expect(isOfCopy(parsed(message))).toBe(true);
  });
});

describe('a message that is not ours is refused', () => {
  const { region: _, ...withoutRegion } = ref;
  test.each([
    ['an import without its region', withoutRegion],
    ['an empty region', { ...ref, region: '' }],
    ['a region without an end', { ...ref, region: 'r'.repeat(256) }],
    ['an image id in capitals', { ...ref, imageId: ref.imageId.toUpperCase() }],
    ['a task that is none', { ...ref, taskId: '../../x' }],
    ['another activation', { ...ref, activation: 'upload' }],
    ['a copy id that is none', { copyId: 'copy' }],
    ['a copy id in capitals', { copyId: copyId.replace(/^./, 'A') }],
    ['a row before the first', { copyId, row: -1 }],
    ['half a row', { copyId, row: 1.5 }],
    ['a row in words', { copyId, row: '1' }],
    ['no time waited', { copyId, waits: 0 }],
    ['an import and a copy', { ...ref, copyId }],
    ['a row of an import', { ...ref, row: 1 }],
    ['a token', { ...ref, token: 'gAAAA' }],
    ['nothing', {}],
    ['a list', [ref]],
    ['null', null],
    ['a text', 'import'],
  ])('%s', (_, message) => {
    expect(() => parsed(message)).toThrow(
      expect.objectContaining({ code: 'bad-request', message: expect.stringMatching(/is not ours/) }),
    );
  });

  test('what is no JSON, without quoting it anywhere', () => {
    let thrown: unknown;
    try {
      parseMessage('gAAAA a secret');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'bad-request', message: 'A queue message is not JSON' });
    expect(inspect(thrown)).not.toContain('gAAAA');
  });
});
