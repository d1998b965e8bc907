import { fromGlance, type ImportUnderTest, one } from './imports-under-test.ts';
import { sourceGlance, targetGlance } from './regions.ts';
import { active } from './source-data.ts';

// Imports that end badly whatever one does, each at another place.

const failing = { starts: 'by request', deployment: 'standard' } as const;
const always = 1_000_000; // times
const fromTiny = fromGlance('tiny', active('tiny'));

export const failingEnds: readonly ImportUnderTest[] = [
  {
    ...{ name: 'wrong hash', ...failing, fails: /sha512/ },
    prepare: one(async (deployment) => {
      const prepared = await fromTiny(deployment);
      sourceGlance(deployment).change(prepared.sourceId ?? '', { os_hash_value: 'ab'.repeat(64) });
      return prepared;
    }),
  },
  {
    ...{ name: 'quota of the target', ...failing, fails: /./ },
    prepare: one(async (deployment) => {
      const prepared = await fromTiny(deployment);
      targetGlance(deployment, prepared).fault(prepared.targetId, {
        on: 'put-file',
        kind: 'status',
        status: 413,
        times: always,
      });
      return prepared;
    }),
  },
  {
    ...{ name: 'source forbidden', ...failing, fails: /./ },
    prepare: one(async (deployment) => {
      const prepared = await fromTiny(deployment);
      sourceGlance(deployment).fault(prepared.sourceId ?? '', {
        on: 'get-file',
        kind: 'status',
        status: 403,
        times: always,
      });
      return prepared;
    }),
  },
  {
    ...{ name: 'target deleted meanwhile', ...failing, fails: /./ },
    prepare: one(fromTiny),
    meanwhile: ({ operation }, [prepared], deployment) => {
      if (operation !== 'CompleteMultipartUpload' || prepared.before === 'deleted') return;
      prepared.before = 'deleted';
      void targetGlance(deployment, prepared).remove(prepared.targetId);
    },
  },
  {
    ...{ name: 'source deleted meanwhile', ...failing, fails: /./ },
    prepare: one(fromTiny),
    meanwhile: ({ operation }, [{ sourceId = '' }], deployment) => {
      const glance = sourceGlance(deployment);
      if (operation === 'CreateMultipartUpload' && glance.image(sourceId)) void glance.remove(sourceId);
    },
  },
  {
    ...{ name: 'target saves for ever', ...failing, fails: /saving/ },
    prepare: one(fromTiny),
    meanwhile: ({ operation }, [prepared], deployment) => {
      const glance = targetGlance(deployment, prepared);
      if (operation !== 'PUT file' || glance.image(prepared.targetId)?.status !== 'queued') return;
      glance.change(prepared.targetId, { status: 'saving' });
      // What our own PATCH has set stays: Glance refuses changes of formats while an image is saving.
      prepared.before = { ...glance.image(prepared.targetId) };
    },
  },
];
