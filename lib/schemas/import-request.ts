import { type Static, Type } from 'typebox';

// Unknown keys are allowed everywhere below: Glance ignores them in this body.

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
  glance_region: Type.String({ minLength: 1 }),
  glance_image_id: Type.String({ minLength: 1 }),
  glance_service_interface: Type.Optional(Type.Union([Type.String({ minLength: 1 }), Type.Null()])),
});
export type GlanceDownloadMethod = Static<typeof GlanceDownloadMethod>;

/** `method` of a web-download. */
export const WebDownloadMethod = Type.Object({
  name: Type.Literal('web-download'),
  uri: Type.String({ minLength: 1 }),
});
export type WebDownloadMethod = Static<typeof WebDownloadMethod>;
