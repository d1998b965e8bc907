import { claimKey, copyKey, type Named, namedBy } from '../lib/aws/state/keys.ts';
import type { Item } from '../lib/aws/table.ts';
import type { CopyId, ImageId, RegionName } from '../lib/schemas/ids.ts';

/** An item of the table with what its key names: `kind`, and of a target its region and image id, of a part its copy. */
export type Kept = Item & { readonly kind?: Named['kind'] };

export const kept = (item: Item): Kept => ({
  ...namedBy({ subject: String(item['subject']), item: String(item['item']) }),
  ...item,
});

/** What stays when an import has ended. */
export const isTask = ({ kind }: Kept): boolean => kind === 'task';

/** Where the claim and the tasks of a target lie. */
export const subjectOf = (imageId: string, region: string): string =>
  claimKey({ region: region as RegionName, imageId: imageId as ImageId }).subject;

/** Where a copy and its parts lie. */
export const subjectOfCopy = (copyId: string): string => copyKey(copyId as CopyId).subject;
