import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { ImageView } from '../cloud/openstack/glance/record.ts';
import { isProbe, type TimesRead, timesRead } from '../cloud/openstack/times-read.ts';
import type { Answer, Ferry, FerryOptions, TaskShown } from './ferry.ts';

// One source, and imports of it into several regions, which share one copy.

export const MiB = 1024 ** 2;

export const targetRegions = [2, 3, 4, 5, 6, 7, 8, 9].map((number) => `REGION${number}` as const);
type TargetRegion = `REGION${number}`;
type Ferry9 = Ferry<TargetRegion>;

/** A source's region and eight for targets. Up to 5 MiB is copied in one stream, more in segments of 5 MiB, two at a time. */
export const nineRegions = {
  env: {
    OS_TARGET_REGIONS: '*',
    PART_SIZE_MIB: '5',
    SEGMENT_SIZE_MIB: '5',
    SEGMENTS_AT_ONCE: '2',
    // One project asks for all of it: nobody waits for a turn.
    PROJECT_SHARE_PERCENT: '100',
  },
  openstack: { regions: ['REGION1', ...targetRegions] },
} as const satisfies FerryOptions<TargetRegion>;

export const formats = { disk_format: 'raw', container_format: 'bare' };

export const glanceOf = (ferry: Ferry9, region: string) => ferry.openstack.region(region);

export const newSource = (ferry: Ferry9, size: number, attributes: object = {}): Promise<ImageView> =>
  glanceOf(ferry, 'REGION1').createImage(
    { ...formats, hw_disk_bus: 'scsi', ...attributes },
    randomBytes(size),
  );

/**
 * Keeps a source's data back, so that all who ask for it meet. Its first byte comes: who joins a copy proves his right by it.
 * @param from the first byte that is kept back
 * @returns what lets it go
 */
export const holdBack = (ferry: Ferry9, { id }: ImageView, from = 1): (() => void) => {
  const { promise: until, resolve } = Promise.withResolvers<void>();
  glanceOf(ferry, 'REGION1').fault(id, { on: 'get-file', kind: 'hold', from, until, times: 99 });
  return resolve;
};

/** An import into a region. */
export interface Import {
  readonly region: string;
  readonly imageId: string;
  readonly taskId: string;
  readonly token: string;
}

export interface ImportOptions {
  /** One of its own of user demo's when absent. */
  readonly token?: string;
  /** The target; one of its own when absent, which belongs to the project that asks. */
  readonly imageId?: string;
}

const newTarget = async (ferry: Ferry9, region: string, token: string): Promise<string> => {
  const owner = ferry.openstack.keystone.tokens.valid(token)?.user.name;
  return (await glanceOf(ferry, region).createImage({ name: 'copy', ...(owner && { owner }) })).id;
};

/** POSTs an import of a method's source into a region. */
export const begin = async (
  ferry: Ferry9,
  region: string,
  method: object,
  options: ImportOptions = {},
): Promise<Import> => {
  const token = options.token ?? ferry.openstack.issueToken('demo');
  const imageId = options.imageId ?? (await newTarget(ferry, region, token));
  const request = { method: 'POST', region, imageId, token, body: { method } };
  const answer: Answer = await ferry.http('import-image', request);
  expect(answer).toMatchObject({ status: 201 });
  return { region, imageId, taskId: String(answer.json['id']), token };
};

const from = ({ id }: ImageView) => ({
  name: 'glance-download',
  glance_region: 'REGION1',
  glance_image_id: id,
});

export const beginFrom = (
  ferry: Ferry9,
  source: ImageView,
  region: string,
  options?: ImportOptions,
): Promise<Import> => begin(ferry, region, from(source), options);

/** An import of a source into each of these regions, asked for at the same moment, each with a token of its own. */
export const beginAll = (
  ferry: Ferry9,
  source: ImageView,
  regions: readonly string[],
): Promise<readonly Import[]> => Promise.all(regions.map((region) => beginFrom(ferry, source, region)));

export const taskOf = async (
  ferry: Ferry9,
  { imageId, token, region }: Import,
): Promise<TaskShown | undefined> => (await ferry.tasks(imageId, token, region)).at(-1);

export const end = (ferry: Ferry9, { imageId, token, region }: Import): Promise<TaskShown> =>
  ferry.finished(imageId, token, region);

/** The image is there, as the source's record has it, and the task says so. */
export const expectActiveCopy = async (ferry: Ferry9, source: ImageView, of: Import): Promise<void> => {
  expect(await end(ferry, of)).toMatchObject({ id: of.taskId, status: 'success' });
  const { os_hash_value, size, disk_format, hw_disk_bus } = source;
  const copied = { status: 'active', os_hash_value, size, disk_format, hw_disk_bus, name: 'copy' };
  expect(glanceOf(ferry, of.region).image(of.imageId)).toMatchObject(copied);
};

/** The target is as it was made. */
export const expectUntouched = (ferry: Ferry9, { region, imageId }: Import): void => {
  const image = glanceOf(ferry, region).image(imageId);
  expect(image).toMatchObject({ status: 'queued', size: null, disk_format: null, name: 'copy' });
  expect(image).not.toHaveProperty('hw_disk_bus');
};

/** The import ends badly, and says this; its target is as it was. */
export const expectFailure = async (ferry: Ferry9, of: Import, reason: RegExp): Promise<void> => {
  const message = expect.stringMatching(reason);
  expect(await end(ferry, of)).toMatchObject({ id: of.taskId, status: 'failure', message });
  expectUntouched(ferry, of);
};

/** Reads of a source's data, without those of a first byte alone. */
export const readsOf = ({ openstack }: Pick<Ferry, 'openstack'>, { id }: ImageView) =>
  openstack
    .region('REGION1')
    .dataReads(id)
    .filter(({ asked }) => !isProbe(asked));

/** How often the source was asked for each of its bytes. */
export const timesAsked = (ferry: Pick<Ferry, 'openstack'>, source: ImageView): TimesRead =>
  timesRead(
    readsOf(ferry, source).map(({ asked }) => asked),
    source.size ?? 0,
  );

export const once = ({ size }: ImageView): TimesRead => ({ min: 1, max: 1, total: size ?? 0 });

/** Copies in the table, each with who waits for it. */
export const copiesOf = async ({ traces }: Pick<Ferry9, 'traces'>) =>
  (await traces.items())
    .filter(({ item }) => item === 'copy')
    .map(({ copyId, waiting = new Set() }) => ({
      copyId: String(copyId),
      waiting: [...(waiting as ReadonlySet<string>)],
    }));

/** So many imports wait for the only copy that there is. */
export const expectWaiting = async (ferry: Ferry9, count: number): Promise<void> => {
  const waiting = async () => (await copiesOf(ferry)).map((copy) => copy.waiting.length);
  await expect.poll(waiting, { timeout: 60_000 }).toEqual([count]);
};
