import type { SendReplicate } from '../../state/messages.ts';
import type { Importer } from '../apply/apply-changes.ts';
import type { Policy } from '../policy/policy.ts';

/**
 * Has replicate-image bring in what is to be copied: one message for each image and region, so that none waits for another.
 * One that is sent twice, by two runs or since the import still runs, finds what is there.
 */
export const createImporter =
  (send: SendReplicate) =>
  ({ name }: Policy): Importer =>
  async ({ image, from, region }) => {
    await send({
      replica: { source: { region: from, imageId: image }, region, policy: name, isRoutine: true },
    });
    return 'its import is asked for';
  };
