import type { ImageId } from '../schemas/ids.ts';
import type { GlanceImage } from '../schemas/openstack.ts';
import type { PatchOperation } from './glance.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** Filters of GET /v2/images, by Glance's names: `visibility`, `owner`, `tag` (several), `status`, a property's name, … */
export type ImageQuery = Readonly<Record<string, string | readonly string[]>>;

/** Image records of one region, for who looks after many. Every method throws FerryError by Glance's status. */
export interface Images {
  /** Pages of a list, in Glance's order, hidden ones only when `os_hidden=true` is asked for. */
  list(query: ImageQuery, options: Options): AsyncIterable<readonly GlanceImage[]>;
  image(id: ImageId, options: Options): Promise<GlanceImage>;
  /** @throws FerryError `conflict` when the id was ever used */
  create(record: Readonly<Record<string, unknown>>, options: Options): Promise<GlanceImage>;
  patch(id: ImageId, operations: readonly PatchOperation[], options: Options): Promise<GlanceImage>;
  /** @throws FerryError `conflict` for one in use, `forbidden` for a protected one */
  remove(id: ImageId, options: Options): Promise<void>;
  deactivate(id: ImageId, options: Options): Promise<void>;
  reactivate(id: ImageId, options: Options): Promise<void>;
  /** Project ids. */
  members(id: ImageId, options: Options): Promise<readonly string[]>;
  addMember(id: ImageId, project: string, options: Options): Promise<void>;
  removeMember(id: ImageId, project: string, options: Options): Promise<void>;
}
