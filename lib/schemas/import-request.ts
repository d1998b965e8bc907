import { type Static, Type } from 'typebox';

// Unknown keys are allowed everywhere below: Glance ignores them in this body.

/** Characters of Keystone's own columns for regions and interfaces, and more than any spelling of a UUID. */
const name = { minLength: 1, maxLength: 255 };
/** Characters. Presigned URLs with a session token have some 2000; servers take a request line of 8 KiB. */
const uri = { minLength: 1, maxLength: 8192 };

/** Body of POST /v2/images/{image_id}/import as far as it is checked before the target is looked up. */
export const ImportRequest = Type.Object({
  method: Type.Object({ name: Type.String() }),
  all_stores_must_succeed: Type.Optional(Type.Boolean()),
  all_stores: Type.Optional(Type.Boolean()),
  stores: Type.Optional(Type.Unknown()),
});
export type ImportRequest = Static<typeof ImportRequest>;

/** `method` of a glance-download, checked after the target's status as in Glance. */
export const GlanceDownloadMethod = Type.Object({
  name: Type.Literal('glance-download'),
  glance_region: Type.String(name),
  glance_image_id: Type.String(name),
  glance_service_interface: Type.Optional(Type.Union([Type.String(name), Type.Null()])),
});
export type GlanceDownloadMethod = Static<typeof GlanceDownloadMethod>;

/** `method` of a web-download. */
export const WebDownloadMethod = Type.Object({
  name: Type.Literal('web-download'),
  uri: Type.String(uri),
});
export type WebDownloadMethod = Static<typeof WebDownloadMethod>;
