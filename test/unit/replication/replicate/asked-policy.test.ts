import { describe, expect, test } from 'vitest';
import { askedPolicy } from '../../../../lib/replication/replicate/asked-policy.ts';
import { policiesOf } from '../../../../lib/replication/replicate/policies.ts';
import type { RegionName } from '../../../../lib/schemas/ids.ts';
import { policy } from '../images.ts';
import { region2, source } from './messages.ts';

const written = policy({
  name: 'nightly',
  source: { region: 'Region1' as RegionName },
  targets: [{ region: 'Region2' as RegionName, projects: { a: 'b' } }],
});
const policies = policiesOf({ policies: [written], broken: [] });
const asked = { source, region: region2, policy: 'nightly' };

describe('a replica that is asked for by a policy', () => {
  test('is made by it in whatever case that spells its regions', () => {
    expect(askedPolicy(policies, asked)).toMatchObject({
      source: { region: 'REGION1' },
      targets: [{ region: 'REGION2', projects: { a: 'b' } }],
      select: { imageId: source.imageId },
    });
    expect(policies.of('REGION1')).toHaveLength(1);
  });

  test('is never published by a property that is none', () => {
    const request = { properties: { visibility: 'public' } };
    expect(() => askedPolicy(policies, { source, region: region2, request })).toThrow(
      'visibility is an attribute that every image has, and no property',
    );
  });

  test.each([
    { ...asked, region: 'NORTH' as RegionName },
    { ...asked, source: { ...source, region: 'NORTH' as RegionName } },
  ])('for other regions than its own is refused, and not done', (other) => {
    expect(() => askedPolicy(policies, other)).toThrow('Policy nightly brings no images from region');
  });
});
