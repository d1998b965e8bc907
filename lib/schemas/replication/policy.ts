import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false } as const;
const text = (description: string) => Type.String({ minLength: 1, maxLength: 255, description });
const texts = (description: string, of = 'An entry.') =>
  Type.Array(text(of), { minItems: 1, description, uniqueItems: true });
const flag = (description: string) => Type.Boolean({ description });
const count = (description: string) => Type.Integer({ minimum: 1, maximum: 100_000, description });
const duration = (description: string) => Type.String({ pattern: '^[0-9]{1,9}[smhdw]$', description });
const oneOf = <const Words extends string[]>(words: [...Words], description: string) =>
  Type.Unsafe<Words[number]>({ ...Type.Enum(words), description });

const visibilities = ['public', 'community', 'shared', 'private'] as const;
const propertyName = {
  pattern: '^(?!ferry_|os_glance)',
  minLength: 1,
  maxLength: 255,
  description: "Neither ours (ferry_) nor Glance's own (os_glance).",
};
const properties = (description: string) =>
  Type.Record(Type.String(), Type.String({ maxLength: 65_535 }), {
    ...closed, // the pattern of the names knows no line breaks
    propertyNames: propertyName,
    minProperties: 1,
    description,
  });

const Target = Type.Object(
  {
    region: text('A region where the images are to be, as Keystone spells it.'),
    projects: Type.Optional(
      Type.Record(Type.String(), text('Id in the cloud of this region.'), {
        ...closed,
        description:
          "Where another Keystone rules: ids of projects in the source's cloud, and what they are here. Replicas are given to the project of their source's owner, members are told by these ids; whoever is not named has none, and stays a member as he is.",
      }),
    ),
    reserved_marks: Type.Optional(
      flag(
        'The Glance of this region lets nobody but the deployment write ferry_ properties (its property protections), so that they are believed on images of these projects as well; false by default.',
      ),
    ),
  },
  closed,
);

const Select = Type.Object(
  {
    visibility: Type.Optional(
      Type.Array(oneOf([...visibilities], 'A visibility.'), { minItems: 1, description: 'Any of these.' }),
    ),
    owners: Type.Optional(texts('Owned by any of these.', "Id of a project of the source's cloud.")),
    tags: Type.Optional(texts('Has all of these.', 'A tag.')),
    properties: Type.Optional(properties('Has all of these, with these values.')),
    names: Type.Optional(
      texts(
        'Patterns: * is any text, ? any character; ! before one takes out what earlier ones took in.',
        'A pattern.',
      ),
    ),
    min_age: Type.Optional(duration('Was made at least so long ago: 45s, 30m, 1h, 7d, 2w.')),
    max_age: Type.Optional(duration('Is copied only within so long after it was made.')),
    has_members: Type.Optional(flag('Is shared with somebody, or with nobody.')),
    snapshots: Type.Optional(flag('Only snapshots of instances, or none.')),
  },
  { ...closed, description: 'Which images of the source region; all that is said must hold.' },
);

const Sync = Type.Object(
  {
    properties: Type.Optional(
      Type.Array(text('A pattern of names; ! before one takes out.'), {
        description: 'Properties that are kept the same; * by default.',
      }),
    ),
    tags: Type.Optional(flag('true by default.')),
    members: Type.Optional(flag('With whom `shared` images are shared; false by default.')),
    protected: Type.Optional(flag('false by default.')),
    hidden: Type.Optional(flag('os_hidden; true by default.')),
    visibility: Type.Optional(
      oneOf(['source', ...visibilities], "As the source's, which is the default, or always this one."),
    ),
  },
  { ...closed, description: 'What is kept as it is on the source.' },
);

const SetOn = Type.Object(
  {
    name: Type.Optional(text('A name for all.')),
    tags: Type.Optional(texts('Beside those of the source.', 'A tag.')),
    properties: Type.Optional(properties('Beside those of the source, and over them.')),
    protected: Type.Optional(flag('Cannot be deleted.')),
    hidden: Type.Optional(flag('os_hidden: in no list, but usable by its id.')),
    members: Type.Optional(
      texts("Of `shared` ones, beside the source's.", "Id of a project of the target's cloud."),
    ),
  },
  { ...closed, minProperties: 1, description: 'What every replica has over what is synced.' },
);

const Retention = Type.Object(
  {
    last: Type.Optional(count('The newest so many.')),
    days: Type.Optional(count('Those whose source was made within so many days.')),
    daily: Type.Optional(count('The newest of each of the last so many days that have one (UTC).')),
    weekly: Type.Optional(count('Likewise of weeks, from Monday on.')),
    monthly: Type.Optional(count('Likewise of months.')),
    yearly: Type.Optional(count('Likewise of years.')),
  },
  {
    ...closed,
    minProperties: 1,
    description: 'Which of a family are kept, whatever is kept in the source region; the newest always is.',
  },
);

const Retirement = Type.Object(
  {
    ladder: Type.Optional(
      Type.Array(oneOf(['hide', 'deactivate', 'private', 'delete'], 'A rung.'), {
        minItems: 1,
        uniqueItems: true,
        description: 'What is done to older ones, one rung at each run; hide by default.',
      }),
    ),
    allow_delete: Type.Optional(flag('The second switch: without it the rung `delete` is not taken.')),
    old_name: Type.Optional(
      Type.String({
        maxLength: 255,
        pattern: '[{](date|id)[}]',
        description:
          'Name of an older one; {name}, {date} and {id} are filled in. `{name} ({date})` by default.',
      }),
    ),
    removed: Type.Optional(
      oneOf(
        ['keep', 'retire'],
        'What becomes of replicas whose source is gone, or no longer selected; keep by default.',
      ),
    ),
  },
  { ...closed, description: 'What becomes of images whose time is over; without it, nothing.' },
);

const Caps = Type.Object(
  {
    removals: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Retirements in a run; 10 by default.' }),
    ),
    bytes: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1 }), Type.String({ pattern: '^[0-9]{1,15} ?([KMGTP]i?)?B$' })], {
        description: 'Copied in a run: 500GB, 1TiB.',
      }),
    ),
    imports: Type.Optional(count('Into one region at a time.')),
  },
  { ...closed, description: 'Limits; what goes over them waits for the next run.' },
);

/** A policy, as it stands in a file: which images of one region are to be in others, and how. */
export const PolicyFile = Type.Object(
  {
    name: Type.String({
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$',
      description: 'Stands on every replica (ferry_policy): what carries another is not touched.',
    }),
    source: Type.Object({ region: text('The region of the originals, as Keystone spells it.') }, closed),
    targets: Type.Array(Target, { minItems: 1, maxItems: 100 }),
    select: Type.Optional(Select),
    identity: Type.Optional(
      oneOf(
        ['provenance', 'name', 'id'],
        'Which image of a target region is there already: the one of the same name (the default, but for snapshots); whose ' +
          'ferry_ properties say so, whatever its name (provenance); the one of the same id, which new ones get.',
      ),
    ),
    sync: Type.Optional(Sync),
    set: Type.Optional(SetOn),
    on_conflict: Type.Optional(
      oneOf(
        ['error', 'keep', 'replace', 'rename'],
        'Where a target has other bytes under the same name, or id: tell it as an error (the default); keep them; have the ' +
          'new ones take their place, and retire, or rename and retire, the old ones.',
      ),
    ),
    retention: Type.Optional(Retention),
    retirement: Type.Optional(Retirement),
    caps: Type.Optional(Caps),
  },
  closed,
);
export type PolicyFile = Static<typeof PolicyFile>;
