import { type Static, Type } from 'typebox';

const text = Type.String();
const nullableText = Type.Union([Type.String(), Type.Null()]);

/** What is read of Keystone's answer to GET /v3/auth/tokens. */
export const KeystoneToken = Type.Object({
  token: Type.Object({
    expires_at: text,
    user: Type.Object({ id: text }),
    /** Null, or absent, are no rules; an empty list forbids everything. */
    application_credential: Type.Optional(
      Type.Object({ access_rules: Type.Optional(Type.Union([Type.Array(Type.Unknown()), Type.Null()])) }),
    ),
    project: Type.Optional(Type.Object({ id: text })),
    roles: Type.Optional(Type.Array(Type.Object({ name: text }))),
    catalog: Type.Optional(
      Type.Array(
        Type.Object({
          type: text,
          endpoints: Type.Array(
            Type.Object({
              interface: text,
              url: text,
              region: Type.Optional(nullableText),
              region_id: Type.Optional(nullableText),
            }),
          ),
        }),
      ),
    ),
  }),
});
export type KeystoneToken = Static<typeof KeystoneToken>;

/** What is read of an image record; its custom properties are further keys at the same level. */
export const GlanceImage = Type.Object({
  id: text,
  name: Type.Optional(nullableText),
  status: text,
  size: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
  checksum: Type.Optional(nullableText),
  os_hash_algo: Type.Optional(nullableText),
  os_hash_value: Type.Optional(nullableText),
  disk_format: Type.Optional(nullableText),
  container_format: Type.Optional(nullableText),
  updated_at: Type.Optional(text),
});
export type GlanceImage = Static<typeof GlanceImage> & Readonly<Record<string, unknown>>;

/** GET /v2/images. */
export const GlanceImages = Type.Object({
  images: Type.Array(GlanceImage),
  /** Path and query of the next page; absent on the last one. */
  next: Type.Optional(text),
});
export type GlanceImages = Omit<Static<typeof GlanceImages>, 'images'> & {
  readonly images: readonly GlanceImage[];
};

/** GET /v2/images/{id}/members. */
export const GlanceMembers = Type.Object({ members: Type.Array(Type.Object({ member_id: text })) });
export type GlanceMembers = Static<typeof GlanceMembers>;

/** Keystone's own errors: of 401, 404 and whatever else it refuses. */
export const KeystoneError = Type.Object({
  error: Type.Object({ code: Type.Integer(), message: text }),
});
export type KeystoneError = Static<typeof KeystoneError>;

/** GET /v2/images/{id}/tasks: the tasks themselves are passed on as they are. */
export const GlanceTasks = Type.Object({ tasks: Type.Array(Type.Record(text, Type.Unknown())) });
export type GlanceTasks = Static<typeof GlanceTasks>;

/** GET /v2/info/import. */
export const GlanceImportInfo = Type.Object({
  'import-methods': Type.Object({ value: Type.Array(text) }),
});
export type GlanceImportInfo = Static<typeof GlanceImportInfo>;

/** GET /v2/info/stores. Both marks are the text `true` (discovery.py, get_stores). */
export const GlanceStore = Type.Object({
  id: text,
  default: Type.Optional(text),
  'read-only': Type.Optional(text),
});
export type GlanceStore = Static<typeof GlanceStore>;
export const GlanceStores = Type.Object({ stores: Type.Array(GlanceStore) });
export type GlanceStores = Static<typeof GlanceStores>;
