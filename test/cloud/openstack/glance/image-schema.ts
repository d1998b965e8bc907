import type { Json } from '../http/json.ts';

export interface PropertySchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly Json[];
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly readOnly?: boolean;
  readonly items?: PropertySchema;
  readonly is_base?: boolean;
}

const uuid = '^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$';
const nullableText = { type: ['null', 'string'], maxLength: 255 } as const;
const nullableInteger = { type: ['null', 'integer'], readOnly: true } as const;
const readOnlyText = { type: 'string', readOnly: true } as const;
const ownText = { type: 'string', is_base: false } as const;
const containerFormats = ['ami', 'ari', 'aki', 'bare', 'ovf', 'ova', 'docker', 'compressed'];
const diskFormats = ['ami', 'ari', 'aki', 'vhd', 'vhdx', 'vmdk', 'raw', 'qcow2', 'vdi', 'iso', 'ploop'];
const statuses = [
  ...['queued', 'saving', 'active', 'killed', 'deleted', 'uploading', 'importing', 'pending_delete'],
  'deactivated',
];

/** Glance's schema of an image: names, types, enumerations and lengths; every other property is a string. */
export const imageProperties: Readonly<Record<string, PropertySchema>> = {
  id: { type: 'string', pattern: uuid, description: 'An identifier for the image' },
  name: { ...nullableText, description: 'Descriptive name for the image' },
  status: { ...readOnlyText, enum: statuses, description: 'Status of the image' },
  visibility: { type: 'string', enum: ['community', 'public', 'private', 'shared'] },
  protected: { type: 'boolean', description: 'If true, image will not be deletable.' },
  os_hidden: { type: 'boolean', description: 'If true, image is left out of the default list.' },
  checksum: { ...nullableText, readOnly: true, maxLength: 32, description: 'md5 hash of image contents.' },
  os_hash_algo: { ...nullableText, readOnly: true, maxLength: 64 },
  os_hash_value: { ...nullableText, readOnly: true, maxLength: 128 },
  owner: { ...nullableText, description: 'Owner of the image' },
  size: { ...nullableInteger, description: 'Size of image file in bytes' },
  virtual_size: { ...nullableInteger, description: 'Virtual size of image in bytes' },
  container_format: { type: ['null', 'string'], enum: [null, ...containerFormats] },
  disk_format: { type: ['null', 'string'], enum: [null, ...diskFormats] },
  created_at: readOnlyText,
  updated_at: readOnlyText,
  tags: { type: 'array', items: { type: 'string', maxLength: 255 } },
  direct_url: readOnlyText,
  min_ram: { type: 'integer', description: 'Amount of ram (in MB) required to boot image.' },
  min_disk: { type: 'integer', description: 'Amount of disk space (in GB) required to boot image.' },
  self: readOnlyText,
  file: readOnlyText,
  stores: readOnlyText,
  schema: readOnlyText,
  locations: { type: 'array' },
  kernel_id: { type: ['null', 'string'], pattern: uuid, is_base: false },
  ramdisk_id: { type: ['null', 'string'], pattern: uuid, is_base: false },
  instance_uuid: ownText,
  architecture: ownText,
  os_distro: ownText,
  os_version: ownText,
  description: ownText,
  cinder_encryption_key_id: ownText,
  cinder_encryption_key_deletion_policy: { ...ownText, enum: ['on_image_deletion', 'do_not_delete'] },
};

const imageSchema = {
  name: 'image',
  properties: imageProperties,
  additionalProperties: { type: 'string' },
  links: [
    { rel: 'self', href: '{self}' },
    { rel: 'enclosure', href: '{file}' },
    { rel: 'describedby', href: '{schema}' },
  ],
};

const namedStrings = (name: string, keys: readonly string[]): object => ({
  name,
  properties: Object.fromEntries(keys.map((key) => [key, { type: 'string' }])),
});

const listOf = (name: string, item: object): object => ({
  name,
  properties: { [name]: { type: 'array', items: item }, schema: { type: 'string' } },
  links: [{ rel: 'describedby', href: '{schema}' }],
});

const memberSchema = namedStrings('member', ['member_id', 'image_id', 'status', 'created_at', 'updated_at']);

/** What GET /v2/schemas/{name} answers, for the names clients ask for. */
export const schemas: Readonly<Record<string, object>> = {
  image: imageSchema,
  images: listOf('images', imageSchema),
  member: memberSchema,
  members: listOf('members', memberSchema),
  task: namedStrings('task', [
    'id',
    'type',
    'status',
    'owner',
    'message',
    'image_id',
    'request_id',
    'user_id',
  ]),
  'metadefs/namespace': namedStrings('namespace', ['namespace', 'display_name', 'visibility', 'owner']),
  'metadefs/resource_type': namedStrings('resource_type_association', [
    'name',
    'prefix',
    'properties_target',
  ]),
};
