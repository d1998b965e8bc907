import { type Static, Type } from 'typebox';

const uuid = Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' });

/** Long enough for Keystone's regions and for any spelling of a UUID, as in a request's body. */
const name = Type.String({ minLength: 1, maxLength: 255 });

const waits = Type.Optional(Type.Integer({ minimum: 1 }));

const ImportMessage = Type.Object(
  { region: name, imageId: uuid, taskId: uuid, waits, activation: Type.Optional(Type.Literal('none')) },
  { additionalProperties: false },
);

const CopyMessage = Type.Object(
  {
    copyId: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    row: Type.Optional(Type.Integer({ minimum: 0 })),
    waits,
  },
  { additionalProperties: false },
);

/** Body of every queue message: ids and what is to be done, so neither state nor a token ever lies in a queue. */
export const StepMessage = Type.Union([ImportMessage, CopyMessage]);
export type StepMessage = Static<typeof StepMessage>;

/** Payload of a direct invocation of apply-metadata: the step on its own, without an import around it. */
export const ApplyMetadataInvocation = Type.Object(
  {
    /** Of the target; OS_REGION_NAME when absent. */
    region: Type.Optional(name),
    image_id: name,
    token: Type.String({ minLength: 1 }),
    glance_region: name,
    glance_image_id: name,
    glance_service_interface: Type.Optional(name),
    /** The word of the queue's message for the same. Alone the step can do nothing else, and refuses another one. */
    activation: Type.Optional(Type.Literal('none')),
  },
  { additionalProperties: false },
);
export type ApplyMetadataInvocation = Static<typeof ApplyMetadataInvocation>;
