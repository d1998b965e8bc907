import { withMembers } from '../inventory/lists.ts';
import type { Policy } from '../policy/policy.ts';
import type { ImageFacts } from '../record/image-facts.ts';
import { rememberedText, unfinishedName } from '../record/remembered-source.ts';
import type { RequestReplica } from './bring-in.ts';

/**
 * Requests imports, and before each of them writes on the replica's record what finishing it will take: the source may be
 * gone by then. A record that an earlier request has left is told anew.
 */
export const rememberingSource =
  (request: RequestReplica, { synced }: Policy, source: ImageFacts): RequestReplica =>
  async (replica, options) => {
    const { from, to, imageId } = replica;
    const [withTheirs = source] = await withMembers(from, [source], () => synced.members, options);
    const value = rememberedText(withTheirs);
    await to.images.patch(imageId, [{ op: 'add', path: `/${unfinishedName}`, value }], options);
    return await request(replica, options);
  };
