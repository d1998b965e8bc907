import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false } as const;
/** Characters of Glance's and Keystone's own columns. */
const text = (description: string, minLength = 0) => Type.String({ minLength, maxLength: 255, description });
const name = (description: string) => text(description, 1);

const visibility = Type.Enum(['public', 'community', 'shared', 'private']);
const identity = Type.Enum(['provenance', 'name', 'id']);
/** Ours alone are a replica's provenance (lib/replication/record/provenance.ts), and Glance keeps its own. */
const propertyName = Type.String({ pattern: '^(?!ferry_|os_glance)', minLength: 1, maxLength: 255 });

/** What a replica of a single request is to have, over what its source has. */
const settings = {
  name: Type.Optional(text("Instead of the source's name.")),
  visibility: Type.Optional(visibility),
  properties: Type.Optional(
    Type.Record(Type.String(), Type.String({ maxLength: 65_535 }), {
      ...closed, // the pattern of the names knows no line breaks
      propertyNames: propertyName,
      maxProperties: 255,
      description:
        'Set beside those of the source, and over them. None may begin with ferry_ or os_glance, or be an attribute.',
    }),
  ),
  tags: Type.Optional(Type.Array(text('A tag.', 1), { maxItems: 255, description: "Beside the source's." })),
  members: Type.Optional(
    Type.Array(name("Id of a project of the target's cloud."), {
      maxItems: 1000,
      description: 'With whom it is shared: these and no others.',
    }),
  ),
  protected: Type.Optional(Type.Boolean({ description: 'Cannot be deleted.' })),
  hidden: Type.Optional(Type.Boolean({ description: 'os_hidden: in no list, but usable by its id.' })),
};

const manner = {
  identity: Type.Optional(
    Type.Unsafe<Static<typeof identity>>({
      ...identity,
      description:
        'Which image of a target region counts as already there: the one whose ferry_ properties name the source ' +
        '(provenance, the default), the one of the same name, or the one of the same id, which new ones then get.',
    }),
  ),
  retire_older: Type.Optional(
    Type.Boolean({ description: 'Hides the older images of its family, once the new one is there.' }),
  ),
};

/** The event "Image Published": an image of one region is to be in others as well. */
export const ImagePublished = Type.Object(
  {
    source: Type.Object(
      {
        region: name("The image's region, as Keystone spells it."),
        image_id: name('Its id, in any spelling of a UUID.'),
      },
      closed,
    ),
    targets: Type.Optional(
      Type.Array(
        Type.Object({ region: name('Where it is to be, as Keystone spells it.'), ...settings }, closed),
        { minItems: 1, maxItems: 100, description: 'Where it is to be, and how it differs there.' },
      ),
    ),
    policy: Type.Optional(
      name(
        'Name of a policy of the deployment that says where it is to be, and how; `*` for each that selects it.',
      ),
    ),
    ...manner,
  },
  {
    ...closed,
    oneOf: [
      { required: ['targets'], properties: { policy: false } },
      { required: ['policy'], properties: { targets: false, identity: false, retire_older: false } },
    ],
  },
);
export type ImagePublished = Static<typeof ImagePublished>;

/** What a single request says of one replica. */
const ReplicaSettings = Type.Object({ ...settings, ...manner }, closed);
export type ReplicaSettings = Static<typeof ReplicaSettings>;

const uuid = Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' });
const count = Type.Integer({ minimum: 0 });

/** Body of a message of queue replicate-image for one target region: ids and settings, never a token. */
export const ReplicateMessage = Type.Object(
  {
    replica: Type.Object(
      {
        source: Type.Object({ region: name('Of the source.'), imageId: uuid }, closed),
        region: name('Of the replica.'),
        policy: Type.Optional(name('The policy by whose rules.')),
        request: Type.Optional(ReplicaSettings),
        isRoutine: Type.Optional(Type.Boolean({ description: 'Asked for by a run of sync-images.' })),
      },
      closed,
    ),
    /** The import that it waits for. */
    taskId: Type.Optional(uuid),
    /** How often it has come again. */
    looks: Type.Optional(count),
    /** ms since 1970: since when what it waits for has not come. */
    waitsSinceMs: Type.Optional(count),
  },
  closed,
);
export type ReplicateMessage = Static<typeof ReplicateMessage>;
