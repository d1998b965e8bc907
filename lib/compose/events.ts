import { type BusPatience, createAnnounce, createAnnounceReplica } from '../aws/events.ts';
import type { Config } from '../config.ts';
import { type Announce, type AnnounceReplica, tellNobody } from '../state/announce.ts';

// From settings to who is told when an import's state changes.

/** Without a bus no client is made. */
export const composeAnnounce = ({ EVENT_BUS_NAME: bus }: Config, patience: BusPatience): Announce =>
  bus === undefined ? tellNobody : createAnnounce(bus, patience);

export const composeAnnounceReplica = (
  { EVENT_BUS_NAME: bus }: Config,
  patience: BusPatience,
): AnnounceReplica => (bus === undefined ? tellNobody : createAnnounceReplica(bus, patience));
