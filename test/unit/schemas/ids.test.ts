import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newAttemptId, newTaskId, parseImageId } from '../../../lib/schemas/ids.ts';
import { isStepMessage } from '../../../lib/schemas/validators.js';

const id = '12345678-90ab-cdef-1234-567812345678';
const hex = id.replaceAll('-', '');

// Both tables were compared with `uuid.UUID()` of Python 3.11.
describe('an image id', () => {
  test.each([
    id,
    hex,
    id.toUpperCase(),
    `{${id}}`,
    `{{${id}}}`,
    `}${id}{`,
    `{${id}`,
    `${id}}`,
    `urn:uuid:${id}`,
    `uuid:${id}`,
    `urn:${id}`,
    `uuid:urn:${id}`,
    `urn:urn:${id}`,
    `{urn:uuid:${id}}`,
    `urn:uuid:{${id}}`,
    `-${hex}-`,
    `1-2${hex.slice(2)}`,
    `${hex.slice(0, 16)}urn:${hex.slice(16)}`,
    `${'-'.repeat(223)}${hex}`, // 255 characters
  ])('may be written %s', (spelling) => {
    expect(parseImageId(spelling)).toBe(id);
  });

  test.each([
    '',
    '-',
    '{}',
    hex.slice(1),
    `${hex}0`,
    `g${hex.slice(1)}`,
    `URN:UUID:${id}`,
    `UUID:${id}`,
    ` ${id}`,
    `${id}\n`,
    `(${id})`,
    `${id.slice(0, 8)}/${id.slice(9)}`,
    `../${hex.slice(3)}`,
    `1${'{'.repeat(254)}`,
    `${'-'.repeat(224)}${hex}`, // 256 characters
  ])('is not %j', (spelling) => {
    expect(parseImageId(spelling)).toBeUndefined();
  });

  // Python's int(…, 16) takes these; no image has such an id, and ours must not guess which one was meant.
  test.each([
    `0x${hex.slice(2)}`,
    `+${hex.slice(1)}`,
    ` ${hex.slice(1)}`,
    `1_${hex.slice(2)}`,
    `١${hex.slice(1)}`,
  ])('is not %j, although Python takes it for a number', (spelling) => {
    expect(parseImageId(spelling)).toBeUndefined();
  });

  test('of any UUID in any dress is its canonical form', () => {
    const dress = fc.tuple(
      fc.constantFrom('', 'urn:', 'uuid:', 'urn:uuid:', '{', '{urn:uuid:'),
      fc.boolean(),
    );
    fc.assert(
      fc.property(fc.uuid(), dress, (uuid, [before, dashes]) => {
        const text = dashes ? uuid : uuid.replaceAll('-', '');
        expect(parseImageId(`${before}${text.toUpperCase()}${before.startsWith('{') ? '}' : ''}`)).toBe(uuid);
      }),
    );
  });

  test('is a UUID or nothing, whatever the text', () => {
    const canonical = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
    fc.assert(fc.property(fc.string(), (text) => canonical.test(parseImageId(text) ?? id)));
  });
});

test('ids of tasks and attempts are new ones each time', () => {
  const ids = [newTaskId(), newTaskId(), newAttemptId(), newAttemptId()];
  expect(new Set(ids).size).toBe(4);
  for (const one of ids) expect(parseImageId(one)).toBe(one);
});

describe('a queue message', () => {
  const message = { region: 'Süd West/1', imageId: id, taskId: id };
  const ofCopy = { copyId: 'a'.repeat(64) };

  test.each([
    message,
    { ...message, activation: 'none' },
    { ...message, waits: 3 },
    ofCopy,
    { ...ofCopy, row: 0 },
    { ...ofCopy, row: 12, waits: 1 },
  ])('may be %j', (body) => {
    expect(isStepMessage(body)).toBe(true);
  });

  test.each([
    {},
    { imageId: id },
    { imageId: id, taskId: id },
    { ...message, region: '' },
    { ...message, activation: 'upload' },
    { ...message, token: 'secret' },
    { ...message, imageId: hex },
    { ...message, taskId: `${id}\n` },
    { ...message, ...ofCopy },
    { ...message, row: 1 },
    { copyId: id },
    { ...ofCopy, row: -1 },
    { ...ofCopy, activation: 'none' },
    [message],
    null,
    'text',
  ])('is never %j', (body) => {
    expect(isStepMessage(body)).toBe(false);
  });
});
