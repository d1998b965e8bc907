import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';

export type Status = 'queued' | 'saving' | 'active' | 'importing' | 'deactivated' | 'deleted';
export type Visibility = 'community' | 'public' | 'private' | 'shared';
export type MemberStatus = 'pending' | 'accepted' | 'rejected';

/** Bytes of an image, wherever they come from. */
export interface ImageData {
  /** Bytes. */
  readonly size: number;
  /** False when the bytes were thrown away: nothing can be read. */
  readonly kept: boolean;
  /** Streams bytes `start` up to but not including `end`. */
  open(start: number, end: number): Readable;
  /** Removes what lies on disk. */
  discard(): Promise<void>;
}

export interface Member {
  readonly memberId: string;
  status: MemberStatus;
  readonly createdAt: Date;
  updatedAt: Date;
}

/** A task of Glance's own import, as far as this cloud looks at it. */
export interface ImportTask {
  readonly id: string;
  readonly status?: string;
  /** A project's id. */
  readonly owner?: string | null;
  /** UTC, and does not say so. */
  readonly updated_at?: string;
  readonly [field: string]: unknown;
}

/** The attributes every image has, named as on the wire. */
export interface BaseAttributes {
  id: string;
  name: string | null;
  disk_format: string | null;
  container_format: string | null;
  visibility: Visibility;
  size: number | null;
  virtual_size: number | null;
  status: Status;
  checksum: string | null;
  protected: boolean;
  min_ram: number;
  min_disk: number;
  owner: string | null;
  os_hidden: boolean;
  os_hash_algo: string | null;
  os_hash_value: string | null;
  tags: string[];
}

export interface ImageRecord extends BaseAttributes {
  created_at: Date;
  updated_at: Date;
  /** Properties beyond the base attributes. */
  properties: Map<string, string>;
  members: Map<string, Member>;
  tasks: ImportTask[];
  data: ImageData | undefined;
  /** By something beside Glance, so that its store does not let it go: an instance's disk is a clone of it. */
  isInUse: boolean;
}

/** An image as GET /v2/images/{id} shows it. */
export interface ImageView extends BaseAttributes {
  created_at: string;
  updated_at: string;
  self: string;
  file: string;
  schema: string;
  stores?: string;
  [property: string]: unknown;
}

/** A queued record with Glance's defaults. */
export function newRecord(owner: string | null): ImageRecord {
  const now = new Date();
  return {
    ...{ id: randomUUID(), name: null, disk_format: null, container_format: null, visibility: 'shared' },
    ...{ size: null, virtual_size: null, status: 'queued', checksum: null, protected: false },
    ...{ min_ram: 0, min_disk: 0, owner, os_hidden: false, os_hash_algo: null, os_hash_value: null },
    ...{ created_at: now, updated_at: now, tags: [], properties: new Map(), members: new Map(), tasks: [] },
    ...{ data: undefined, isInUse: false },
  };
}

/** @param storeId shown as `stores` once there is data, as a Glance with several stores does */
export function viewOf(record: ImageRecord, storeId: string): ImageView {
  const { created_at, updated_at, properties, data, tags, ...own } = record;
  const { members: _m, tasks: _t, isInUse: _u, ...base } = own;
  const self = `/v2/images/${record.id}`;
  return {
    ...Object.fromEntries(properties),
    ...base,
    created_at: seconds(created_at),
    updated_at: seconds(updated_at),
    tags: [...tags],
    self,
    file: `${self}/file`,
    schema: '/v2/schemas/image',
    ...(data ? { stores: storeId } : {}),
  };
}

/** 2026-11-23T02:09:01Z */
export function seconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
