import type { FerryError } from '../errors.ts';
import type { Credentials } from '../openstack/credentials.ts';
import type { Glance } from '../openstack/glance/glance.ts';
import type { Images } from '../openstack/glance/images.ts';
import type { Identity } from '../openstack/validate-token.ts';
import type { RegionName, Token } from '../schemas/ids.ts';

/** How somebody authenticates with Keystone, whatever file or variables it was written in. */
export type Authentication =
  | { readonly kind: 'application-credential'; readonly credential: ApplicationCredentialAuth }
  | { readonly kind: 'password'; readonly password: PasswordAuth }
  | { readonly kind: 'token'; readonly token: Token; readonly scope: ProjectScope };

/** By id, or by name and user. */
export interface ApplicationCredentialAuth {
  readonly id?: string;
  readonly name?: string;
  readonly secret: string;
  readonly user?: UserName;
}

export interface UserName {
  readonly id?: string;
  readonly name?: string;
  readonly domain?: NamedDomain;
}

export interface NamedDomain {
  readonly id?: string;
  readonly name?: string;
}

export interface ProjectScope {
  readonly id?: string;
  readonly name?: string;
  readonly domain?: NamedDomain;
}

export interface PasswordAuth {
  readonly user: UserName;
  readonly password: string;
  readonly project: ProjectScope;
}

/** One entry of a clouds.yaml, or an openrc. */
export interface Cloud {
  /** As in clouds.yaml; `envvars` for an openrc, as os-client-config calls it. */
  readonly name: string;
  readonly authUrl: string;
  readonly auth: Authentication;
  /** The region that it is for; undefined: every one of its catalog. */
  readonly regionName?: string;
  readonly interface: 'public' | 'internal' | 'admin';
  /** Path of a PEM file, or its text. */
  readonly cacert?: string;
  /** Of the deployment that imports into its regions: `image_import_endpoint_override`, for the command. */
  readonly importUrl?: string;
}

/** Somebody's standing with one Keystone: a token that is replaced before it ends, and when it is refused. */
export interface Session {
  readonly cloud: Cloud;
  /** Who one is there, with the catalog. @throws FerryError `unauthorized`, `forbidden`, `unavailable`, `misconfigured` */
  identity(options: { readonly signal: AbortSignal }): Promise<Identity>;
  token(options: { readonly signal: AbortSignal }): Promise<Token>;
  /** For every request to its services. */
  readonly credentials: Credentials;
}

/** A region, with the rights that one has there. */
export interface CloudRegion {
  readonly region: RegionName;
  readonly session: Session;
  readonly identity: Identity;
  /** Of its image service, base URL without `/v2`. */
  readonly endpoint: string;
  readonly glance: Glance;
  readonly images: Images;
}

/** An entry that cannot be used, and why. It troubles nobody but who asks for it. */
export interface BrokenCloud {
  readonly name: string;
  readonly regionName?: string;
  /** Names file, entry and field, and no value. */
  readonly problem: string;
  /** What can be read of it: enough for who brings a token of his own. */
  readonly authUrl?: string;
  readonly cacert?: string;
}

/** What files and variables have. */
export interface CloudEntries {
  /** In order: of two that serve a region alike, the first does. */
  readonly clouds: readonly Cloud[];
  readonly broken: readonly BrokenCloud[];
}

/** A cloud, and the names of the regions that its entry is for. */
export interface ListedCloud {
  readonly cloud: Cloud;
  readonly regions: readonly RegionName[];
  /** Why it could not be asked; then it has no regions here. */
  readonly error?: FerryError;
}

/** Regions of one or several clouds. */
export interface Clouds {
  /**
   * A region, by the entry with that `region_name`; otherwise by one without a `region_name` whose catalog has it; else by
   * any whose catalog has it. A cloud that cannot be asked is never passed over.
   * @throws FerryError `bad-request` for a region that none of the clouds has, naming those there are; what the session throws
   */
  region(name: string, options: { readonly signal: AbortSignal }): Promise<CloudRegion>;
  /** The session of an entry, by its name. @throws FerryError `misconfigured` when there is none any more */
  session(name: string): Promise<Session>;
  /** All there are, in the order of the entries. @throws the signal's reason */
  regions(options: { readonly signal: AbortSignal }): Promise<readonly ListedCloud[]>;
}
