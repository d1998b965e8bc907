import type { CloudRegion } from '../../lib/clouds/cloud.ts';
import { hasCode } from '../../lib/errors.ts';
import type { OpenStackHttp } from '../../lib/openstack/http.ts';
import type { ImageId } from '../../lib/schemas/ids.ts';
import { type Check, check, fine, note } from './check.ts';
import { callAt } from './region-calls.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** Glance takes it for a raw disk. */
const data = 'glance-ferry doctor\n';

async function* body(): AsyncIterable<Buffer> {
  yield Buffer.from(data);
}

/** A record that nobody else sees, and that goes again. */
const record = {
  name: 'glance-ferry doctor',
  visibility: 'private',
  disk_format: 'raw',
  container_format: 'bare',
  ferry_doctor: 'may be deleted',
} as const;

const removeWithinMs = 30_000;

const imageAt = (id: ImageId, tail = ''): string => `/v2/images/${id}${tail}`;

/** Whether the data of an image can be read in parts, as large ones are copied. */
const ranges = async (at: CloudRegion, http: OpenStackHttp, id: ImageId, { signal }: Options) => {
  const headers = { range: 'bytes=7-11' };
  const call = { method: 'GET', path: imageAt(id, '/file'), headers, signal } as const;
  const answer = await callAt(at, http, call).catch(() => undefined);
  return answer?.statusCode === 206 && answer.text === data.slice(7, 12)
    ? fine('data can be read in parts')
    : note(
        'data cannot be read in parts (its store has no ranges): large images are copied in one stream, and anew after a break',
      );
};

/**
 * What may be done in a region, by doing it to a tiny record, which is removed again. Nothing else of the region is touched.
 */
export const rightsChecks = async (
  at: CloudRegion,
  http: OpenStackHttp,
  options: Options,
): Promise<readonly Check[]> => {
  const { region, images } = at;
  const checks: Check[] = [];
  let id: ImageId | undefined;
  checks.push(
    await check(
      region,
      'create',
      'the right to create images is needed (policy add_image), and quota',
      async () => {
        id = (await images.create(record, options)).id as ImageId;
        return fine('a record can be created');
      },
    ),
  );
  if (!id) return checks;
  const made = id;
  const published = await publicizeCheck(at, made, options);
  if (published.state !== 'wrong') checks.push(...(await dataChecks(at, http, made, options)));
  checks.push(published, await removeCheck(at, made));
  return checks;
};

/** @param id of a record that is private */
const dataChecks = async (
  at: CloudRegion,
  http: OpenStackHttp,
  id: ImageId,
  options: Options,
): Promise<readonly Check[]> => {
  const uploaded = await check(
    at.region,
    'upload',
    'the right to upload is needed (policy upload_image), and quota for data',
    async () => {
      await at.glance.upload(id, { size: data.length, body }, options);
      return fine('data can be uploaded');
    },
  );
  return uploaded.state === 'fine' ? [uploaded, await rangesCheck(at, http, id, options)] : [uploaded];
};

const rangesCheck = (at: CloudRegion, http: OpenStackHttp, id: ImageId, options: Options): Promise<Check> =>
  check(at.region, 'ranges', '', () => ranges(at, http, id, options));

/**
 * Who may not still copies; only public copies need it. Asked of the record while it is empty: whatever happens here, nobody
 * ever boots of it.
 */
const publicizeCheck = (at: CloudRegion, id: ImageId, options: Options): Promise<Check> =>
  check(at.region, 'publicize', '', async () => {
    const publicize = { op: 'replace', path: '/visibility', value: 'public' } as const;
    try {
      await at.images.patch(id, [publicize], options);
    } catch (error) {
      if (!hasCode(error, 'forbidden')) throw error;
      return note('copies cannot be public (policy publicize_image); all else works');
    }
    await at.images.patch(id, [{ ...publicize, value: 'private' }], options);
    return fine('images can be made public');
  });

/** Also after Ctrl-C. */
const removeCheck = (at: CloudRegion, id: ImageId): Promise<Check> =>
  check(at.region, 'remove', `delete image ${id} by hand`, async () => {
    await at.images.remove(id, { signal: AbortSignal.timeout(removeWithinMs) });
    return fine('the record of these checks is removed again');
  });
