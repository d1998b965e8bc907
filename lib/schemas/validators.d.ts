// Types of validators.js, which `npm run build` writes (see compile.ts).
import type { ErrorObject } from 'ajv';
import type { GlanceDownloadMethod, ImportRequest, WebDownloadMethod } from './import-request.ts';
import type { ApplyMetadataInvocation, StepMessage } from './messages.ts';
import type {
  GlanceImage,
  GlanceImages,
  GlanceImportInfo,
  GlanceMembers,
  GlanceStores,
  GlanceTasks,
  KeystoneError,
  KeystoneToken,
} from './openstack.ts';
import type { ImagePublished, ReplicateMessage } from './replication/image-published.ts';
import type { SyncRequest } from './replication/sync.ts';
import type { Settings } from './settings.ts';

export interface Validator<T> {
  (value: unknown): value is T;
  errors?: ErrorObject[] | null;
}

export const isImportRequest: Validator<ImportRequest>;
export const isGlanceDownloadMethod: Validator<GlanceDownloadMethod>;
export const isWebDownloadMethod: Validator<WebDownloadMethod>;
export const isStepMessage: Validator<StepMessage>;
export const isApplyMetadataInvocation: Validator<ApplyMetadataInvocation>;
export const isKeystoneToken: Validator<KeystoneToken>;
export const isKeystoneError: Validator<KeystoneError>;
export const isGlanceImage: Validator<GlanceImage>;
export const isGlanceImages: Validator<GlanceImages>;
export const isGlanceMembers: Validator<GlanceMembers>;
export const isGlanceTasks: Validator<GlanceTasks>;
export const isGlanceImportInfo: Validator<GlanceImportInfo>;
export const isGlanceStores: Validator<GlanceStores>;
export const isImagePublished: Validator<ImagePublished>;
export const isReplicateMessage: Validator<ReplicateMessage>;
export const isSyncRequest: Validator<SyncRequest>;
export const isSettings: Validator<Settings>;
