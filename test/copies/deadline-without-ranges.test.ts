import { expect, test } from 'vitest';
import { expectNothingLeft } from '../integration/nothing-left.ts';
import { createRuns, importSlowly, settings } from '../integration/slow-import.ts';
import { useFerry } from '../integration/use-ferry.ts';

const runs = createRuns();
const ferry = useFerry({
  env: settings,
  endOfRun: { 'stream-image': runs.next },
  openstack: { glance: { REGION1: { store: 'object' } } },
});

test('a copy whose source has no ranges and is too slow for a run fails, says so in numbers, and leaves nothing', async () => {
  const { task, source, target, token } = await importSlowly(ferry, { runs, stalls: 2 });
  const { REGION1, REGION2 } = ferry.openstack.regions;
  expect(task).toMatchObject({
    status: 'failure',
    message: expect.stringMatching(
      /^Failed to copy image \S+ of region REGION1: \d+ s, a whole run of the function, brought nothing that was not stored before \(Copied \d+ MiB of 14 MiB\)\. The image needs /,
    ),
  });
  expect(REGION2.image(target.id)).toMatchObject({ status: 'queued', disk_format: 'qcow2' });
  await expectNothingLeft(ferry);

  REGION1.clearFaults();
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
  expect(await ferry.finished(target.id, token)).toMatchObject({ status: 'success' });
});
