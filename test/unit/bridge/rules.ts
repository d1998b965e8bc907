import type { Rules } from '../../../bridge/event.ts';

/** Everything to two regions, of one of which the notifications are. */
export const allRegions: Rules = {
  BRIDGE_PUBLISHERS: {},
  BRIDGE_TARGET_REGIONS: ['REGION1', 'REGION2'],
  BRIDGE_VISIBILITY: [],
  BRIDGE_OWNERS: [],
  BRIDGE_PROPERTIES: {},
};
