import { join } from 'node:path';
import { readPolicyFiles } from '../lib/replication/policy/policy-files.ts';

/** The part of osls that is used here. */
interface Serverless {
  readonly serviceDir: string;
  readonly classes: { readonly Error: new (message: string) => Error };
  readonly service: {
    readonly custom: { readonly policies: { readonly folder: string } };
    readonly functions: Readonly<
      Record<string, { readonly events: readonly { readonly schedule?: { enabled: boolean } }[] }>
    >;
  };
}

/** The function that policies are for. */
const syncImages = 'sync-images';

/**
 * A plugin of osls that packages no policy that is broken, says why by line and field, and turns the schedule on where
 * there are policies.
 */
export default function policies({ serviceDir, service, classes }: Serverless) {
  const check = async (): Promise<void> => {
    const files = await readPolicyFiles(join(serviceDir, service.custom.policies.folder));
    if (files.broken.length > 0) throw new classes.Error(files.broken.map(({ reason }) => reason).join('\n'));
    for (const { schedule } of service.functions[syncImages]?.events ?? [])
      if (schedule) schedule.enabled = files.policies.length > 0;
  };
  return { hooks: { 'before:package:initialize': check } };
}
