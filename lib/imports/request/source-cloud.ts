import type { Keystones, TokenCheck } from '../../clouds/keystones.ts';
import { echo } from '../../echo.ts';
import { asFerryError, FerryError, hasCode } from '../../errors.ts';
import { endpointNotFound, imageEndpoint } from '../../openstack/catalog.ts';
import type { Token } from '../../schemas/ids.ts';
import type { Caller } from '../access/targets.ts';
import type { RequestedSource, SourceAt } from '../record/new-task.ts';

export interface SourceCloudServices {
  /** Our own, whose catalog the caller has. */
  readonly keystone: TokenCheck;
  readonly keystones: Keystones;
}

/** Who asks, and the token that they have for the source. */
export interface SourceCaller extends Pick<Caller, 'identity' | 'otherKeystone'> {
  /** X-Source-Auth-Token; undefined where the one token is for both. */
  readonly sourceToken: Token | undefined;
}

const header = 'X-Source-Auth-Token';
const badRequest = (message: string, cause?: unknown): FerryError =>
  new FerryError('bad-request', message, { cause });

/** A 401 would say that it is about X-Auth-Token. */
const refused = (region: string, error: unknown): unknown => {
  const from = `the Keystone of region ${echo(region)}`;
  if (hasCode(error, 'unauthorized')) return badRequest(`${header} is not accepted by ${from}`, error);
  if (hasCode(error, 'forbidden')) return badRequest(`${header}: ${asFerryError(error).message}`, error);
  if (!hasCode(error, 'misconfigured', 'unavailable')) return error;
  return new FerryError('unavailable', `${from} cannot validate ${header} at the moment`, { cause: error });
};

/**
 * Finds a source of which the caller has another token: in the cloud whose entry is made for its region, or in our own one,
 * for another project.
 * @returns undefined where the one token is for both
 * @throws FerryError `bad-request` for a region of no cloud that is known here, or a token that its Keystone does not take
 */
export const createSourceCloud = ({ keystone, keystones }: SourceCloudServices) => {
  /** A region for which no entry is made is the caller's cloud's if that has it; to callers of others it is our own cloud's. */
  const keystoneOf = async (
    source: { region: string; interface: string },
    { identity, otherKeystone }: SourceCaller,
  ): Promise<TokenCheck> => {
    const found = await keystones.of(source.region);
    if (found) return found;
    if (imageEndpoint(identity.catalog, source) !== undefined) return otherKeystone ?? keystone;
    if (otherKeystone) return keystone;
    const known = (await keystones.regions()).join(', ') || 'none';
    throw badRequest(
      `Region ${echo(source.region)} is in no cloud that is known here; regions of other clouds: ${known}`,
    );
  };

  return async (
    source: RequestedSource,
    caller: SourceCaller,
    options: { readonly signal: AbortSignal },
  ): Promise<SourceAt | undefined> => {
    const { sourceToken } = caller;
    if (sourceToken === undefined || source.kind === 'web-download') return undefined;
    const check = await keystoneOf(source, caller);
    const theirs = await check.validate(sourceToken, options).catch((error: unknown) => {
      throw options.signal.aborted ? error : refused(source.region, error);
    });
    const endpoint = imageEndpoint(theirs.catalog, source);
    if (endpoint === undefined) throw badRequest(endpointNotFound(source));
    return { endpoint, projectId: theirs.projectId };
  };
};

export type FindSourceCloud = ReturnType<typeof createSourceCloud>;
