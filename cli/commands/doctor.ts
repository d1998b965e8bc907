import { FerryError } from '../../lib/errors.ts';
import { type ExitCode, exitCodeOf } from '../call/exit-codes.ts';
import { type Here, openHere } from '../call/here.ts';
import { type Io, WrongUse } from '../call/io.ts';
import type { CommonOptions } from '../call/options.ts';
import { findUrl } from '../deployment/find-url.ts';
import { awsChecks } from '../doctor/aws-checks.ts';
import { type Check, check, fine, wrong } from '../doctor/check.ts';
import { deploymentChecks } from '../doctor/deployment-checks.ts';
import { regionChecks } from '../doctor/region-checks.ts';
import { rightsChecks } from '../doctor/rights-checks.ts';
import { table } from '../progress/table.ts';

/** What to do where a region, or its cloud, cannot even be found. */
const signIn = 'look at OS_AUTH_URL and the credentials, or at the entry of clouds.yaml';

const regionAndDeployment = async (
  io: Io,
  options: CommonOptions,
  here: Here,
  name: string,
): Promise<readonly Check[]> => {
  const { signal } = io;
  const entered = await check(name, 'authentication', signIn, async () => {
    await here.clouds.region(name, io);
    return fine('');
  });
  if (entered.state === 'wrong') return [entered];
  const at = await here.clouds.region(name, { signal });
  const own = [...(await regionChecks(at, here.http, io)), ...(await rightsChecks(at, here.http, io))];
  try {
    const url = findUrl(io, options, { to: at });
    return [...own, ...(await deploymentChecks(url, at, here, io))];
  } catch (error) {
    if (!(error instanceof WrongUse)) throw error;
    return [...own, { region: name, what: 'deployment', ...wrong(error.message) }];
  }
};

const tell = ({ stdout }: Io, { json = false }: CommonOptions, checks: readonly Check[]): void => {
  if (json) return void stdout.write(`${JSON.stringify({ checks })}\n`);
  const rows = checks.map(({ state, region, what, says }) => [state, region, what, says]);
  stdout.write(table(['', 'region', 'what', ''], rows));
};

/** What there is to look at, and the clouds that cannot be asked what they have, or whose entries cannot be used. */
const lookedAt = async (
  io: Io,
  { clouds, broken }: Here,
  named: readonly string[],
): Promise<{ readonly regions: readonly string[]; readonly unreachable: readonly Check[] }> => {
  if (named.length > 0) return { regions: named, unreachable: [] };
  const listed = await clouds.regions(io);
  const regions = [...new Set(listed.flatMap((cloud) => cloud.regions))];
  const unreachable = [
    ...listed.flatMap(({ cloud: { regionName: region = '' }, error }) =>
      error ? [{ region, what: 'authentication', ...wrong(`${error.explanation}: ${signIn}`) }] : [],
    ),
    ...broken.map(({ regionName: region = '', problem }) => ({
      region,
      what: 'clouds.yaml',
      ...wrong(problem),
    })),
  ];
  if (regions.length === 0 && unreachable.length === 0)
    throw new FerryError('not-found', 'The catalog has no image service in any region');
  return { regions, unreachable };
};

const isGood = ({ state }: Check): boolean => state !== 'wrong';

/**
 * Checks what copying needs, region by region, and says of each what is fine, or what to do. In each region it creates a
 * tiny private record, gives it data, and removes it again.
 */
export const doctor = async (io: Io, options: CommonOptions, named: readonly string[]): Promise<ExitCode> => {
  const here = await openHere(io, options);
  const { regions, unreachable } = await lookedAt(io, here, named);
  const all = await Promise.all(regions.map((region) => regionAndDeployment(io, options, here, region)));
  const aws = await awsChecks(io.env);
  tell(io, options, [...unreachable, ...all.flat(), ...aws]);
  const wrongElsewhere = [...unreachable, ...aws].filter((one) => !isGood(one));
  return exitCodeOf([...all.map((own) => own.every(isGood)), ...wrongElsewhere.map(isGood)]);
};
