import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FerryError } from '../../../lib/errors.ts';
import { createSealer } from '../../../lib/imports/sealed-secrets.ts';
import { newTaskId, type Token } from '../../../lib/schemas/ids.ts';

const secret = 'a secret of at least thirty-two characters';
const sealer = createSealer(secret);
const taskId = newTaskId();
const token = 'gAAAAA-very-secret' as Token;
const refused = { code: 'unauthorized', message: `The sealed token of task ${taskId} cannot be opened` };

const failureOf = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('sealed secrets', () => {
  test('open to what they were, in any process with the same secret', () => {
    const texts = fc.record({ token: fc.string(), uri: fc.string() }, { requiredKeys: ['token'] });
    fc.assert(
      fc.property(texts, fc.uuid(), (secrets, id) => {
        const given = secrets as { token: Token };
        expect(
          createSealer(secret).open(id as typeof taskId, sealer.seal(id as typeof taskId, given)),
        ).toEqual(given);
      }),
    );
  });

  test('show nothing of themselves, and never look the same twice', () => {
    const sealed = [1, 2, 3].map(() => sealer.seal(taskId, { token }));
    expect(new Set(sealed).size).toBe(3);
    for (const text of sealed) {
      expect(text).toMatch(/^[A-Za-z0-9+/]+=*$/);
      expect(`${text} ${Buffer.from(text, 'base64').toString('latin1')}`).not.toContain('secret');
    }
  });

  test('do not open for another task or with another secret', () => {
    const sealed = sealer.seal(taskId, { token });
    expect(failureOf(() => createSealer(`${secret}.`).open(taskId, sealed))).toMatchObject(refused);
    expect(failureOf(() => sealer.open(newTaskId(), sealed))).toMatchObject({ code: 'unauthorized' });
  });

  test('do not open when a single bit was changed, or anything cut off or added', () => {
    const sealed = Buffer.from(sealer.seal(taskId, { token }), 'base64');
    fc.assert(
      fc.property(fc.nat(sealed.length * 8 - 1), (bit) => {
        const changed = Buffer.from(sealed);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(failureOf(() => sealer.open(taskId, changed.toString('base64')))).toMatchObject(refused);
      }),
    );
    for (let length = 0; length < sealed.length; length += 1) {
      const cut = sealed.subarray(0, length).toString('base64');
      expect(
        failureOf(() => sealer.open(taskId, cut)),
        `${length} bytes`,
      ).toMatchObject(refused);
    }
    const longer = Buffer.concat([sealed, Buffer.from('x')]).toString('base64');
    expect(failureOf(() => sealer.open(taskId, longer))).toMatchObject(refused);
  });

  test.each(['', 'not base64 at all', '{}'])('do not open from %j', (text) => {
    const error = failureOf(() => sealer.open(taskId, text));
    expect(error).toBeInstanceOf(FerryError);
    expect(error).toMatchObject(refused);
  });
});
