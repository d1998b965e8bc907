import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { CloudRegion } from '../../../../../lib/clouds/cloud.ts';
import { createClouds } from '../../../../../lib/clouds/create-clouds.ts';
import { wantedReplica } from '../../../../../lib/replication/plan/wanted-replica.ts';
import type { ReplicaIdentity } from '../../../../../lib/replication/policy/policy.ts';
import { provenanceProperties } from '../../../../../lib/replication/record/provenance.ts';
import { replicaId } from '../../../../../lib/replication/record/replica-id.ts';
import {
  createRecord,
  type NewRecord,
} from '../../../../../lib/replication/replicate/target-record/create-record.ts';
import { entryOf, http, signal, useTwoClouds } from '../../../clouds/two-clouds.ts';
import { image, imageId, policy } from '../../images.ts';

const both = useTwoClouds();
const target = { region: image().region, projects: {} };

let to: CloudRegion;
let id: string;
beforeEach(async () => {
  const entries = async () => ({ clouds: [entryOf(both().home, { name: '' })], broken: [] });
  to = await createClouds({ http, entries }).region('REGION2', { signal });
  id = randomUUID();
});

const source = () =>
  image({ id: imageId(id), tags: ['lts'], properties: { os_distro: 'debian' }, isProtected: true });
const wanted = () => wantedReplica(source(), policy({ name: 'nightly' }), target);
const create = (identity: ReplicaIdentity = 'provenance') =>
  createRecord(to, { wanted: wanted(), identity, source: source(), target }, { signal });
const there = () => both().home.regions.REGION2;

describe('the record of a replica', () => {
  test('is private, and knows where it comes from and what it is to have', async () => {
    const { id: created } = await create();
    expect(there().image(created)).toMatchObject({
      name: 'Debian 13',
      status: 'queued',
      visibility: 'private',
      disk_format: 'qcow2',
      container_format: 'bare',
      protected: false,
      tags: ['lts'],
      os_distro: 'debian',
      ferry_source_region: 'SOUTH',
      ferry_source_id: id,
      ferry_source_hash: `sha512:hash-${id}`,
      ferry_policy: 'nightly',
      ferry_family: 'Debian 13',
      ferry_copied_at: expect.stringMatching(/^20.*Z$/),
    });
  });

  test('is one, however many want it at the same moment', async () => {
    const records = await Promise.all(Array.from({ length: 10 }, () => create()));
    expect(new Set(records.map((record) => record.id)).size).toBe(1);
  });

  test('has another id when the one before was deleted, once more for all', async () => {
    const first = await create();
    await to.images.remove(imageId(first.id), { signal });
    const records = await Promise.all([create(), create()]);
    expect(records[0]?.id).toBe(records[1]?.id);
    expect(records[0]?.id).not.toBe(first.id);
  });

  test("never is another project's, whatever that has written on it", async () => {
    const { provenance } = wanted();
    const of = { ...provenance, targetRegion: 'REGION2', projectId: to.identity.projectId };
    const theirs = { id: replicaId(of, 0), visibility: 'community', ...provenanceProperties(provenance) };
    const headers = { 'X-Auth-Token': both().home.issueToken('other'), 'Content-Type': 'application/json' };
    const answer = await fetch(`${there().url}/v2/images`, {
      method: 'POST',
      headers,
      body: JSON.stringify(theirs),
    });
    expect(answer.status).toBe(201);
    expect((await create()).id).toBe(replicaId(of, 1));
  });

  test('is made though somebody has taken the first fifty ids for it, and is refused with the truth when all are', async () => {
    const of = { ...wanted().provenance, targetRegion: 'REGION2', projectId: to.identity.projectId };
    const idAt = (attempt: number) => replicaId(of, attempt);
    const take = (from: number, until: number, theirs: object) =>
      Promise.all(
        Array.from({ length: until - from }, (_, at) =>
          there().createImage({ id: idAt(from + at), name: 'other', ...theirs }),
        ),
      );
    await take(0, 50, { owner: 'other', visibility: 'community' });
    expect((await create()).id).toBe(idAt(50));
    await to.images.remove(idAt(50), { signal });
    await take(51, 60, { owner: 'demo' });
    await take(60, 95, { owner: 'admin', visibility: 'public' });
    await take(95, 100, { owner: 'other', visibility: 'private' });
    const projectOf = (user: string) => both().home.keystone.accounts.userNamed(user).project.id;
    await expect(create()).rejects.toMatchObject({
      code: 'conflict',
      message:
        `Image ${id} cannot be in region REGION2: all 100 ids that it may have there are taken: images of others have ` +
        `85 (50 of project ${projectOf('other')}, 35 of project ${projectOf('admin')}); images of our project without ` +
        `our mark have 9, as image ${idAt(51)}; images that were deleted, or that nobody shows us, have 6 (region ` +
        'REGION2). Glance gives no id twice, so upload it to SOUTH anew: it gets another id, and its replica others',
    });
  });

  test('is the one that its owner has been given, for who comes late', async () => {
    const first = await create();
    const own = { owner: 'theirs', os_hash_algo: 'sha512', os_hash_value: `hash-${id}`, status: 'active' };
    const given = { ...first, ...own };
    const images = { ...to.images, image: async () => given };
    const theirs = { ...target, projects: { catalogue: 'theirs' } };
    const late: NewRecord = { wanted: wanted(), identity: 'provenance', source: source(), target: theirs };
    const at = { ...to, images };
    const { id: found } = await createRecord(at, late, { signal });
    expect(found).toBe(first.id);
    given.os_hash_value = 'other';
    await expect(createRecord(at, late, { signal })).resolves.not.toMatchObject({ id: first.id });
  });

  test('has the id of its source when it is to be the same', async () => {
    expect((await create('id')).id).toBe(id);
    expect((await create('id')).id).toBe(id);
  });

  test.each(['is there', 'was there'])('cannot have it where another one %s', async (which) => {
    await to.images.create({ id, name: 'other' }, { signal });
    if (which === 'was there') await to.images.remove(imageId(id), { signal });
    await expect(create('id')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(`Image ${id} cannot be in region REGION2`),
    });
  });
});
