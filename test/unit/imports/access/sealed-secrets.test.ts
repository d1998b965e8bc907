import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSealer, type SealedFor } from '../../../../lib/imports/access/sealed-secrets.ts';
import { keysIn, type SealingKeys } from '../../../../lib/imports/access/sealing-keys.ts';
import { type ImageId, newTaskId, type RegionName, type Token } from '../../../../lib/schemas/ids.ts';

const secret = 'a secret of at least thirty-two characters';
const keysOf =
  (text: string): SealingKeys =>
  () =>
    Promise.resolve(keysIn(text));
const sealer = createSealer(keysOf(secret));
const token = 'gAAAAA-very-secret' as Token;
const taskId = newTaskId();
const imageId = newTaskId() as unknown as ImageId;
const source = {
  kind: 'glance-download',
  region: 'REGION1',
  interface: 'public',
  imageId,
  endpoint: 'http://glance1',
} as const;
const task: SealedFor = {
  region: 'REGION2' as RegionName,
  imageId,
  taskId,
  owner: 'project',
  targetEndpoint: 'http://glance2',
  activation: 'upload',
  source,
  roles: ['member'],
};
const message = `The sealed token of task ${taskId} cannot be opened`;
const refused = { code: 'unauthorized', message };

const failureOf = (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    () => undefined,
    (error) => error,
  );

describe('sealed secrets', () => {
  test('open to what they were, in any process with the same secret', async () => {
    const texts = fc.record({ token: fc.string(), uri: fc.string() }, { requiredKeys: ['token'] });
    await fc.assert(
      fc.asyncProperty(texts, async (secrets) => {
        const given = secrets as { token: Token };
        const sealed = await sealer.seal(task, given);
        expect(await createSealer(keysOf(secret)).open(task, sealed)).toEqual(given);
      }),
    );
  });

  test('show nothing of themselves, and never look the same twice', async () => {
    const sealed = await Promise.all([1, 2, 3].map(() => sealer.seal(task, { token })));
    expect(new Set(sealed).size).toBe(3);
    for (const text of sealed) {
      expect(text).toMatch(/^[\w-]{8}\.[A-Za-z0-9+/]+=*$/);
      expect(`${text} ${Buffer.from(text.slice(9), 'base64').toString('latin1')}`).not.toContain('secret');
    }
  });

  // Whoever can write the table must not be able to send the token anywhere.
  test.each<[what: string, change: Partial<SealedFor>]>([
    ['id', { taskId: newTaskId() }],
    ['project', { owner: 'another' }],
    ['region', { region: 'region2' as RegionName }],
    ['image', { imageId: newTaskId() as unknown as ImageId }],
    ["target's endpoint", { targetEndpoint: 'http://elsewhere' }],
    ['activation', { activation: 'none' }],
    ["caller's roles", { roles: ['admin'] }],
    ["source's endpoint", { source: { ...source, endpoint: 'http://elsewhere' } }],
    ["source's region", { source: { ...source, region: 'REGION3' } }],
    ["source's interface", { source: { ...source, interface: 'internal' } }],
    ["source's image", { source: { ...source, imageId: newTaskId() as unknown as ImageId } }],
    ['kind of source', { source: { kind: 'web-download' } }],
    ['cloud', { cloud: '' }],
    ["target's cloud", { isOfOtherCloud: true }],
    ["source's cloud", { source: { ...source, cloud: '' } }],
    ["source's project", { source: { ...source, projectId: 'p' } }],
  ])('do not open for a task with another %s', async (_, change) => {
    const changed = { ...task, ...change };
    const error = await failureOf(sealer.open(changed, await sealer.seal(task, { token })));
    expect(error).toMatchObject({
      code: 'unauthorized',
      message: `The sealed token of task ${changed.taskId} cannot be opened`,
    });
  });

  test.each<[what: string, change: Partial<SealedFor>]>([
    ['another cloud', { cloud: '' }],
    ['another cloud of its source', { source: { ...source, projectId: 'p', cloud: '' } }],
    ['another project of its source', { source: { ...source, projectId: 'q', cloud: 'south' } }],
    ['another target', { targetEndpoint: 'http://elsewhere' }],
  ])('without a token hold a task of clouds to what it was: not open for %s', async (_, change) => {
    const ofClouds: SealedFor = {
      ...task,
      cloud: 'north',
      source: { ...source, projectId: 'p', cloud: 'south' },
    };
    const sealed = await sealer.seal(ofClouds, {});
    expect(await sealer.open(ofClouds, sealed)).toEqual({});
    expect(await failureOf(sealer.open({ ...ofClouds, ...change }, sealed))).toMatchObject(refused);
  });

  test('open for the same task in any order of its fields, as a table gives them back', async () => {
    const { endpoint, imageId: sourceId, interface: name, region, kind } = source;
    const reordered = { ...task, source: { endpoint, imageId: sourceId, interface: name, region, kind } };
    expect(await sealer.open(reordered, await sealer.seal(task, { token }))).toEqual({ token });
  });

  test('do not open when a single bit was changed, or anything cut off or added', async () => {
    const [keyId, text = ''] = (await sealer.seal(task, { token })).split('.');
    const sealed = Buffer.from(text, 'base64');
    const open = (bytes: Buffer) => failureOf(sealer.open(task, `${keyId}.${bytes.toString('base64')}`));
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length * 8 - 1), async (bit) => {
        const changed = Buffer.from(sealed);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(await open(changed)).toMatchObject(refused);
      }),
    );
    for (let length = 0; length < sealed.length; length += 1)
      expect(await open(sealed.subarray(0, length)), `${length} bytes`).toMatchObject(refused);
    expect(await open(Buffer.concat([sealed, Buffer.from('x')]))).toMatchObject(refused);
  });

  test.each(['', '.', 'not sealed at all', '{}'])('do not open from %j', async (text) => {
    const unknown = { code: 'unauthorized', message: `${message}: its key is not known (any more)` };
    expect(await failureOf(sealer.open(task, text))).toMatchObject(unknown);
  });
});

describe('a sealing secret', () => {
  const [old, next] = ['o'.repeat(32), 'n'.repeat(32)];
  const rotated = JSON.stringify({ current: next, previous: old });

  test.each([
    ['before', old, old],
    ['after', next, next],
  ])('that is being rotated opens what was sealed %s', async (_, sealing) => {
    const sealed = await createSealer(keysOf(sealing)).seal(task, { token });
    expect(await createSealer(keysOf(rotated)).open(task, sealed)).toEqual({ token });
  });

  test('that is being rotated seals with the new one', async () => {
    const sealed = await createSealer(keysOf(rotated)).seal(task, { token });
    expect(await createSealer(keysOf(JSON.stringify({ current: next }))).open(task, sealed)).toEqual({
      token,
    });
    expect(await failureOf(createSealer(keysOf(old)).open(task, sealed))).toMatchObject({
      code: 'unauthorized',
    });
  });

  test('is asked for anew, once, by a function that does not know the key yet', async () => {
    const sealed = await createSealer(keysOf(next)).seal(task, { token });
    const asked: boolean[] = [];
    const behind: SealingKeys = async ({ fresh = false } = {}) => {
      asked.push(fresh);
      return keysIn(fresh ? rotated : old);
    };
    expect(await createSealer(behind).open(task, sealed)).toEqual({ token });
    expect(asked).toEqual([false, true]);
  });

  test.each([
    '',
    'too short',
    '{}',
    '{"current": 5}',
    `{"current": "${next}"`,
    `{"current": "${next}", "previous": "short"}`,
    `{"previous": "${old}"}`,
  ])('is not %j, and its text is not repeated', (text) => {
    expect(() => keysIn(text)).toThrow(
      'The sealing secret is neither a text nor {"current": …, "previous": …}, of at least 32 characters each',
    );
  });
});
