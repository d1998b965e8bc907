import type { ImageId, RegionName } from '../../../../lib/schemas/ids.ts';
import type { ReplicateMessage } from '../../../../lib/state/messages.ts';

export const imageId = '6f7a1c4e-0d2b-4a8e-9c31-5b1f0e7d9a20' as ImageId;
export const source = { region: 'REGION1' as RegionName, imageId };
export const region2 = 'REGION2' as RegionName;

/** Of a single request. */
export const toRegion2: ReplicateMessage = { replica: { source, region: region2, request: {} } };

export const { signal } = new AbortController();
