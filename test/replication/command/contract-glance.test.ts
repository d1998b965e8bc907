import { expect, test } from 'vitest';
import { expectNothingStays } from '../../integration/nothing-left.ts';
import {
  expectWaiting,
  formats,
  glanceOf,
  holdBack,
  MiB,
  newSource,
  once,
  timesAsked,
} from '../../integration/one-source.ts';
import { callCommand } from './command.ts';
import { useCommand } from './use-command.ts';

// API_CONTRACT=glance: the deployment answers an import by 202 without a word, errors by pages of HTML, and what is wrong with
// a source by the task alone. Who calls the command sees nothing of it.

const { ferry, served, demo } = useCommand({
  API_CONTRACT: 'glance',
  OS_DEFAULT__IMAGE_SIZE_CAP: `${8 * MiB}`,
});

const call = (...args: readonly string[]) => callCommand([...args, '--json'], demo);
const imageOf = (region: string, id: unknown) => glanceOf(ferry, region).image(String(id));

test('copy is active in both regions, as it is to be; a second time moves no byte', async () => {
  const source = await newSource(ferry, MiB, { visibility: 'community', os_distro: 'debian' });
  const args = ['copy', source.id, '--to', 'REGION2,REGION3', '--property', 'team=a'];
  const { code, json, complaints } = await call(...args);
  expect({ code, complaints }).toEqual({ code: 0, complaints: '' });
  for (const [region, { id, hash }] of Object.entries(json())) {
    expect(hash).toBe(`sha512:${source.os_hash_value}`);
    expect(imageOf(region, id)).toMatchObject({
      ...{ status: 'active', visibility: 'community', os_distro: 'debian', team: 'a', ...formats },
    });
  }
  expect(Object.keys(json())).toEqual(['REGION2', 'REGION3']);
  expect((await call(...args)).code).toBe(0);
  expect(timesAsked(ferry, source)).toEqual(once(source));
  await expectNothingStays(ferry);
});

test('wait ends where the copy that was begun would have ended, and tasks shows it', async () => {
  const source = await newSource(ferry, MiB, { visibility: 'community' });
  const release = holdBack(ferry, source);
  const begun = await call('copy', source.id, '--to', 'REGION2', '--no-wait');
  expect(begun.json()).toMatchObject({ REGION2: { status: 'running' } });
  const id = begun.json()['REGION2']?.['id'];
  expect((await call('tasks', source.id, '--to', 'REGION2')).json()).toMatchObject({
    REGION2: { reason: null, tasks: [{ image_id: id, status: expect.stringMatching(/pending|processing/) }] },
  });
  release();
  expect((await call('wait', source.id, '--to', 'REGION2')).json()).toMatchObject({
    REGION2: { status: 'active', id, reason: null },
  });
  expect(imageOf('REGION2', id)).toMatchObject({ visibility: 'community' });
});

test('cancel ends an import, and says so where none is running', async () => {
  const source = await newSource(ferry, MiB);
  const release = holdBack(ferry, source);
  await call('copy', source.id, '--to', 'REGION2', '--no-wait');
  await expectWaiting(ferry, 1);
  expect((await call('cancel', source.id, '--to', 'REGION2')).json()).toMatchObject({
    REGION2: { status: 'cancelled' },
  });
  release();
  const waited = await call('wait', source.id, '--to', 'REGION2');
  expect(waited.json()).toMatchObject({
    REGION2: { status: 'failed', reason: 'its import has failed: Cancelled by its owner' },
  });
  expect((await call('cancel', source.id, '--to', 'REGION2')).json()).toMatchObject({
    REGION2: { status: 'queued', reason: 'no import is running' },
  });
});

test('what is wrong with a source is told, though its task alone says so', async () => {
  const { id } = await glanceOf(ferry, 'REGION1').madeUpImage(formats, { size: 9 * MiB, seed: 1 });
  const { code, json } = await call('copy', id, '--to', 'REGION2');
  expect(code).toBe(1);
  expect(json()).toMatchObject({
    REGION2: { status: 'failed', reason: expect.stringContaining('exceed image_size_cap') },
  });
});

test('what the deployment refuses is told in its words, which are not a page of HTML', async () => {
  const source = await newSource(ferry, MiB);
  // A record that another contract would have taken.
  const provenance = { ferry_source_region: 'REGION1', ferry_source_id: source.id };
  await glanceOf(ferry, 'REGION2').createImage({ name: 'copy', ...provenance });
  const ctrlC = new AbortController();
  const watch = (text: string) =>
    text.includes("'container_format' needs to be set") ? ctrlC.abort(new Error('SIGINT')) : undefined;
  const args = ['copy', source.id, '--to', 'REGION2', '--json', '--timeout', '20s'];
  const { json } = await callCommand(args, demo, { signal: ctrlC.signal, columns: 400, watch });
  expect(ctrlC.signal.aborted).toBe(true);
  expect(json()).toMatchObject({ REGION2: { status: 'not begun' } });
});

test('doctor finds all that copying needs', async () => {
  const { stdout } = await callCommand(['doctor', 'REGION2'], demo);
  expect(stdout).toContain(`${served.url} serves it`);
  expect(stdout).toMatch(/import +glance-download/);
});
