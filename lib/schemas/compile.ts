// Build step (`npm run build`): compiles the schemas beside it into standalone validation code, validators.js, and
// others (bridge-, plan-, policy-validators.js) for what few need, and writes those that are for others to schemas/.
// ajv itself then stays out of the bundles (test/unit/architecture.test.ts), and so out of their start.
import { writeFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';
import { BridgeSettings, Envelope, NotificationMessage, NotifiedImage } from './bridge.ts';
import { GlanceDownloadMethod, ImportRequest, WebDownloadMethod } from './import-request.ts';
import { ApplyMetadataInvocation, StepMessage } from './messages.ts';
import {
  GlanceImage,
  GlanceImages,
  GlanceImportInfo,
  GlanceMembers,
  GlanceStores,
  GlanceTasks,
  KeystoneError,
  KeystoneToken,
} from './openstack.ts';
import { ImagePublished, ReplicateMessage } from './replication/image-published.ts';
import { PlanFile } from './replication/plan-file.ts';
import { PolicyFile } from './replication/policy.ts';
import { SyncRequest } from './replication/sync.ts';
import { Settings } from './settings.ts';
import { ImageImportStateChange, ImageReplicaStateChange } from './state-change.ts';

const validators = {
  isImportRequest: ImportRequest,
  isGlanceDownloadMethod: GlanceDownloadMethod,
  isWebDownloadMethod: WebDownloadMethod,
  isStepMessage: StepMessage,
  isApplyMetadataInvocation: ApplyMetadataInvocation,
  isKeystoneToken: KeystoneToken,
  isKeystoneError: KeystoneError,
  isGlanceImage: GlanceImage,
  isGlanceImages: GlanceImages,
  isGlanceMembers: GlanceMembers,
  isGlanceTasks: GlanceTasks,
  isGlanceImportInfo: GlanceImportInfo,
  isGlanceStores: GlanceStores,
  isImagePublished: ImagePublished,
  isReplicateMessage: ReplicateMessage,
  isSyncRequest: SyncRequest,
  isSettings: Settings,
};

const bridgeValidators = {
  isBridgeSettings: BridgeSettings,
  isEnvelope: Envelope,
  isNotificationMessage: NotificationMessage,
  isNotifiedImage: NotifiedImage,
};

/** Files that people write: their mistakes are told with what is allowed, so the errors carry the schema. */
const policyValidators = { isPolicyFile: PolicyFile };

/** What others write, or read: each as a file of JSON Schema in schemas/, for their editors and pipelines. */
const published = {
  'image-import-state-change': ImageImportStateChange,
  'image-replica-state-change': ImageReplicaStateChange,
  policy: { title: 'A policy of glance-ferry: which images are to be in which regions', ...PolicyFile },
  'image-published': { title: 'Image Published: an event of glance-ferry', ...ImagePublished },
};
for (const [name, schema] of Object.entries(published)) {
  const file = new URL(`../../schemas/${name}.schema.json`, import.meta.url);
  const draft = 'https://json-schema.org/draft/2020-12/schema';
  await writeFile(file, `${JSON.stringify({ $schema: draft, ...schema }, null, 2)}\n`);
}

const write = async (
  file: string,
  schemas: Readonly<Record<string, object>>,
  { verbose = false } = {},
): Promise<void> => {
  const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, verbose, code: { source: true, esm: true } });
  for (const [name, schema] of Object.entries(schemas)) ajv.addSchema(schema, name);
  const code = standaloneCode.default(
    ajv,
    Object.fromEntries(Object.keys(schemas).map((name) => [name, name])),
  );
  // ajv's code requires its runtime by CommonJS names; bundled, the file stands alone.
  const bundle = await build({
    stdin: { contents: code, resolveDir: import.meta.dirname, loader: 'js' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
  });
  const [output] = bundle.outputFiles;
  if (!output) throw new Error(`esbuild wrote no ${file}`);
  await writeFile(new URL(file, import.meta.url), output.contents);
};

await write('validators.js', validators);
await write('bridge-validators.js', bridgeValidators);
await write('plan-validators.js', { isPlanFile: PlanFile });
await write('policy-validators.js', policyValidators, { verbose: true });
