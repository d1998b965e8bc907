import { type BusPatience, createAnnounce } from '../aws/events.ts';
import type { Config } from '../config.ts';
import { type Announce, tellNobody } from '../state/announce.ts';

// From settings to who is told when an import's state changes.

/** Without a bus no client is made. */
export const composeAnnounce = ({ EVENT_BUS_NAME: bus }: Config, patience: BusPatience): Announce =>
  bus === undefined ? tellNobody : createAnnounce(bus, patience);
