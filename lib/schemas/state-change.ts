import { type Static, type TSchema, Type } from 'typebox';

const uuid = (description: string) =>
  Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$', description });
const state = () => Type.Enum(['pending', 'processing', 'success', 'failure']);
const nullable = <Schema extends TSchema>(schema: Schema, description: string) =>
  Type.Union([schema, Type.Null()], { description });

/**
 * `detail` of our events of detail-type "Image Import State Change". The build writes it to schemas/. Later versions may
 * have more properties, and none less.
 */
export const ImageImportStateChange = Type.Object(
  {
    state: state(),
    previous_state: nullable(state(), 'null for an import that has just been asked for'),
    region: Type.String({ description: 'Of the target image' }),
    image_id: uuid('The target image'),
    task_id: uuid("The import, by the name that it has in the image's task list"),
    request_id: Type.String({ description: 'x-openstack-request-id of the request that asked for it' }),
    project_id: Type.String({ description: 'The project that asked for it' }),
    source: nullable(
      Type.Object({ region: Type.String(), image_id: uuid('The image that is copied') }),
      'null for web-download, whose URL may be a credential',
    ),
    bytes: nullable(Type.Integer({ minimum: 0 }), 'Size of the image, where it has been copied'),
    seconds: Type.Number({ minimum: 0, description: 'Since the import was asked for' }),
    hash: nullable(
      Type.Object({ algorithm: Type.Literal('sha512'), value: Type.String({ description: 'In hex' }) }),
      'Of the bytes that were copied',
    ),
    reason: nullable(Type.String(), "Why the import has failed: its task's message"),
    code: nullable(Type.String(), 'Of what kind the failure is, see docs/operations.md'),
    copy_id: nullable(Type.String(), 'The same for imports that share a copy'),
  },
  { title: 'Image Import State Change' },
);
export type ImageImportStateChange = Static<typeof ImageImportStateChange>;

/** `detail` of those of detail-type "Image Replica State Change", by the same rules. */
export const ImageReplicaStateChange = Type.Object(
  {
    state: Type.Enum(['success', 'failure', 'skipped'], {
      description:
        'success: the replica is active, and has the visibility, members and properties that it is to have; failure: ' +
        'it has not, and will not before somebody asks again; skipped: it is not to be made, see reason',
    }),
    region: Type.String({ description: 'Of the replica' }),
    image_id: nullable(uuid('The replica'), 'null where there is none of ours'),
    source: Type.Object({ region: Type.String(), image_id: uuid('The image that it is a replica of') }),
    policy: nullable(Type.String(), 'By whose rules; null for a single request'),
    reason: nullable(Type.String(), 'null for a success'),
  },
  { title: 'Image Replica State Change' },
);
export type ImageReplicaStateChange = Static<typeof ImageReplicaStateChange>;
