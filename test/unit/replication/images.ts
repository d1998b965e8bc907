import type { Policy } from '../../../lib/replication/policy/policy.ts';
import { requestPolicy } from '../../../lib/replication/policy/request-policy.ts';
import type { ImageFacts } from '../../../lib/replication/record/image-facts.ts';
import type { ImageId, RegionName } from '../../../lib/schemas/ids.ts';

export const south = 'SOUTH' as RegionName;
export const north = 'NORTH' as RegionName;
export const west = 'WEST' as RegionName;

export const imageId = (text: string): ImageId => text as ImageId;

/** 26 November 2026, noon. */
export const noon = Date.UTC(2026, 10, 26, 12);
export const dayMs = 86_400_000;

/** An active public image of the source region, made a day ago. */
export const image = (facts: Partial<ImageFacts> = {}): ImageFacts => ({
  region: south,
  id: imageId('a'),
  name: 'Debian 13',
  status: 'active',
  visibility: 'public',
  owner: 'catalogue',
  isProtected: false,
  isHidden: false,
  size: 1000,
  minDisk: 0,
  minRam: 0,
  diskFormat: 'qcow2',
  containerFormat: 'bare',
  hash: { algorithm: 'sha512', value: `hash-${facts.id ?? 'a'}` },
  createdAtMs: noon - dayMs,
  updatedAtMs: noon - dayMs,
  tags: [],
  properties: {},
  ...facts,
});

/** A policy `public` from SOUTH to NORTH. */
export const policy = (parts: Partial<Policy> = {}): Policy => {
  const { select: _, ...defaults } = requestPolicy({
    source: { region: south, imageId: imageId('a') },
    targets: [{ region: north, projects: {} }],
  });
  return { ...defaults, name: 'public', select: {}, ...parts };
};
