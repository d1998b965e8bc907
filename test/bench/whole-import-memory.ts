// `npm run bench:memory [-- GIB]`: one import of an image whose source makes its bytes up, with each function in a
// process of its own, as on Lambda. Prints each function's peak memory, as its own process reports it.
import { startFerry } from '../integration/ferry.ts';

const gib = Number(process.argv[2] ?? 8);
const size = gib * 1024 ** 3;
const limitMB = 400;

const peaks = new Map<string, number>();
const report = (line: string): void => {
  const [, name, megabytes] = /^REPORT (\S+) .*Max Memory Used: (\d+) MB$/.exec(line) ?? [];
  if (name) peaks.set(name, Math.max(peaks.get(name) ?? 0, Number(megabytes)));
};

const ferry = await startFerry({
  ownProcesses: true,
  env: {
    POWERTOOLS_METRICS_DISABLED: 'true', // this prints its own lines
    HEARTBEAT_S: '20', // a deployment's: nobody dies here, and a busy machine is to keep its leases
  },
  report,
  patienceS: 3600,
  openstack: { glance: { REGION2: { discardUploads: true } } },
});
try {
  const token = ferry.openstack.issueToken('demo');
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const formats = { disk_format: 'raw', container_format: 'bare' };
  const source = await REGION1.madeUpImage(formats, { size, seed: 1, checksum: false });
  const target = await REGION2.createImage({ name: 'copy' });

  const startedMs = Date.now();
  await ferry.importFrom(source.id, target.id, token);
  const task = await ferry.finished(target.id, token);
  const seconds = (Date.now() - startedMs) / 1000;
  const isSame = REGION2.image(target.id)?.os_hash_value === source.os_hash_value;

  console.log(`${gib} GiB, POST to active: ${seconds.toFixed(1)} s, task ${task.status}: ${task.message}`);
  console.log(`sha512 of both records ${isSame ? 'equal' : 'DIFFERENT'}`);
  for (const [name, megabytes] of peaks) console.log(`${name.padEnd(16)} peak memory ${megabytes} MiB`);
  const isSmall = peaks.size >= 2 && [...peaks.values()].every((megabytes) => megabytes < limitMB);
  console.log(isSmall ? `all under ${limitMB} MiB` : `NOT all under ${limitMB} MiB`);
  process.exitCode = isSame && isSmall ? 0 : 1;
} finally {
  await ferry.stop();
}
