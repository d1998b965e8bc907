import { isReserved } from '../../properties/copied.ts';
import type { Properties } from '../../state/task.ts';
import { isListed } from '../policy/patterns.ts';
import { ferryPrefix } from '../record/provenance.ts';

/**
 * Written by Nova on a snapshot, of an instance, a user and an image of its own region (nova/compute/api.py,
 * _initialize_instance_snapshot_metadata): Nova of another one looks for them, and filters by them.
 */
const boundToAnInstance: ReadonlySet<string> = new Set([
  'instance_uuid',
  'user_id',
  'base_image_ref',
  'boot_roles',
  'owner_id',
  'owner_user_name',
  'owner_project_name',
  'image_location',
  'image_state',
  // Snapshots and volumes of the source's Cinder.
  'block_device_mapping',
  'bdm_v2',
]);

/**
 * Keys of the source's Barbican. A policy `on_image_deletion` beside one has Glance delete the key with the image: the
 * replica's end would be the end of the source (glance/api/v2/images.py, _delete_encryption_key).
 */
const keyPrefixes = ['cinder_encryption_key_', 'os_encrypt_key_'];

/**
 * Of a signed image: the id of its certificate in the source's Barbican. The target's Glance asks its own for it, and refuses
 * the data (glance/location.py, ImageProxy.set_data).
 */
const signaturePrefix = 'img_signature';

/** Whether a property means something beyond its region, and is not ours or Glance's own. */
const isPortable = (name: string): boolean =>
  !name.startsWith(ferryPrefix) &&
  !isReserved(name) &&
  !boundToAnInstance.has(name) &&
  !name.startsWith(signaturePrefix) &&
  !keyPrefixes.some((prefix) => name.startsWith(prefix));

/** Which properties a replica has from its source, by patterns of names. */
export const isCarried =
  (patterns: readonly string[]) =>
  (name: string): boolean =>
    isPortable(name) && isListed(patterns, name);

export const carriedProperties = (properties: Properties, isSynced: (name: string) => boolean): Properties =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => isSynced(name)));
