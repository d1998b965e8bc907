import { type Static, Type } from 'typebox';

const text = Type.String({ maxLength: 4096 });
const name = Type.String({ minLength: 1, maxLength: 255 });
const projects = Type.Array(name);
const visibility = Type.Enum(['public', 'community', 'shared', 'private']);
const values = Type.Record(
  Type.String(),
  Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null(), Type.Array(Type.String())]),
);

const digest = Type.String({ pattern: '^[0-9a-f]{32}$' });

const common = {
  region: name,
  image: name,
  name: text,
  family: text,
  bytes: Type.Number({ minimum: 0 }),
  reason: text,
  isRetirement: Type.Optional(Type.Boolean()),
  was: Type.Optional(values),
  relies: Type.Optional(Type.Object({ image: name, is: values }, { additionalProperties: false })),
  seen: digest,
};
const change = <Parts extends Record<string, object>>(kinds: readonly string[], parts: Parts) =>
  Type.Object({ ...common, kind: Type.Enum([...kinds]), ...parts }, { additionalProperties: false });

const KeptChange = Type.Union([
  change(['copy'], { from: name, record: Type.Optional(name) }),
  change(['update'], { set: values }),
  change(['members'], { add: projects, remove: projects }),
  change(['hide', 'deactivate', 'delete'], {}),
  change(['publish', 'unpublish'], { visibility }),
  change(['rename'], { to: text }),
  change(['skip'], { isError: Type.Boolean(), isWaiting: Type.Optional(Type.Boolean()) }),
]);

/** A plan that `sync --plan` has written, and `sync --apply` reads. */
export const PlanFile = Type.Object(
  {
    version: Type.Literal(1),
    policy: text,
    policyDigest: digest,
    madeAt: name,
    changes: Type.Array(KeptChange),
  },
  { additionalProperties: false },
);
export type PlanFile = Static<typeof PlanFile>;
