import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle } from '../bench/bundles.ts';

/**
 * KiB, a little above what each bundle has: all of it is read and compiled at every cold start. A package that comes in
 * by accident (undici's index alone brings 0.25 MB) is noticed here; one that is worth it moves the limit, as the parser of
 * clouds.yaml has done by 115 KiB (it runs where there is such a file alone).
 */
const limits = {
  'import-image': 1050,
  'list-tasks': 803,
  'cancel-import': 850,
  discovery: 460,
  'stream-image': 1345,
  'apply-metadata': 1238,
  'fail-import': 1222,
  'sweep-imports': 935,
  'replicate-image': 1205,
  'sync-images': 1120,
};

let bundled: Awaited<ReturnType<typeof bundle>>;
beforeAll(async () => {
  bundled = await bundle(Object.keys(limits));
});
afterAll(() => bundled.remove());

describe('the bundle of', () => {
  test.each(Object.entries(limits))('%s has at most %i KiB', (name, limit) => {
    const size = bundled.bundles.find((one) => one.name === name)?.size ?? 0;
    expect(size / 1024).toBeGreaterThan(0);
    expect(Math.round(size / 1024)).toBeLessThanOrEqual(limit);
  });
});
