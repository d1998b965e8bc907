import { createThreadDigest } from '../../../lib/transfer/digest-thread.ts';

// Says what the digests' thread says of a thousand sevens. Run as it is, and from bundles (digest-program.test.ts).

const bytes = Buffer.from(new SharedArrayBuffer(1000)).fill(7);

const digestsWith = async (partAlgorithm: 'crc32' | 'md5' | 'sha256' | undefined) => {
  const digest = createThreadDigest({
    algorithms: ['sha512', 'shake_128'],
    lengths: { shake_128: 20 },
    ...(partAlgorithm && { partAlgorithm }),
  });
  await digest.update(bytes);
  const parts = [await digest.endPart(), await digest.endPart()];
  return { parts, ...(await digest.values()) };
};

const found = [];
for (const algorithm of [undefined, 'crc32', 'md5', 'sha256'] as const)
  found.push(await digestsWith(algorithm));
createThreadDigest({ algorithms: ['sha512'] }).close();
console.log(JSON.stringify(found));
