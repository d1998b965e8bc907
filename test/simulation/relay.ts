import type { RelayStore } from '../../lib/aws/s3/relay-store.ts';
import type { Load } from './load.ts';

/** The relay bucket's requests, as far as the bytes are not in them. */
export const createRelay = ({ s3Writes }: Load): RelayStore => {
  const relay: Omit<RelayStore, 'open' | 'uploadPart' | 'keysUnder'> = {
    partAlgorithm: 'crc32',
    createUpload: async () => {
      s3Writes.add(1);
      return 'u'.repeat(128);
    },
    completeUpload: async () => s3Writes.add(1),
    // To abort and to delete costs nothing.
    abortUpload: async () => undefined,
    remove: async () => undefined,
    // One list of uploads, one of objects.
    clear: async () => s3Writes.add(2),
  };
  return relay as RelayStore;
};
