import { describe, expect, test } from 'vitest';
import type { CloudRegion } from '../../../../lib/clouds/cloud.ts';
import type { Change } from '../../../../lib/replication/plan/change.ts';
import { finish } from '../../../../lib/replication/replicate/finish.ts';
import { imageId, north } from '../images.ts';
import { signal } from './messages.ts';

/** Nothing of it is asked for. */
const to = { images: {}, identity: { projectId: 'p' } } as unknown as CloudRegion;
const skip = (more: Partial<Change & { kind: 'skip' }> = {}): Change => ({
  ...{ kind: 'skip', region: north, image: imageId('a'), name: 'Debian 13', family: 'Debian 13', bytes: 0 },
  ...{ reason: 'why', isError: false, ...more },
});
const finished = (...changes: readonly Change[]) => finish(to, changes, { signal });

describe('a replica', () => {
  test('that is not to be made is left out, with the reason, and not done', async () => {
    expect(await finished(skip({ reason: 'image b of the same name is newer' }))).toEqual({
      kind: 'left',
      reason: 'skip of image a: image b of the same name is newer',
    });
  });

  test('that somebody has to decide about has failed', async () => {
    expect(await finished(skip({ isError: true }))).toMatchObject({ kind: 'failed' });
  });

  test('is done though an older one of its family stays', async () => {
    expect(await finished(skip({ isRetirement: true }))).toMatchObject({ kind: 'done' });
    expect(await finished()).toEqual({ kind: 'done', reason: 'nothing is to be done' });
  });
});
