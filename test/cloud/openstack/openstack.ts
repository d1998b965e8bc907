import { join } from 'node:path';
import { type Glance, type GlanceOptions, startGlance } from './glance/glance.ts';
import type { Interface } from './keystone/catalog.ts';
import { type Keystone, startKeystone } from './keystone/keystone.ts';

const defaultRegions = ['REGION1', 'REGION2', 'REGION3'] as const;
export type DefaultRegion = (typeof defaultRegions)[number];

export interface OpenStackOptions<Region extends string = DefaultRegion> {
  /** Where the data of images lies, one directory for each region. */
  readonly dataDir: string;
  /**
   * Absent for the first cloud. Another one has the same names and passwords with other ids, and neither knows the
   * other's tokens; their regions need different names where they share a directory.
   */
  readonly cloud?: string;
  /** Any names that Keystone may have; REGION1, REGION2 and REGION3 when absent. */
  readonly regions?: readonly Region[];
  /** Free ports where absent or 0. */
  readonly ports?: Readonly<Partial<Record<'keystone' | NoInfer<Region>, number>>>;
  /** Seconds; 3600 when absent. */
  readonly tokenLifetimeS?: number;
  /** What differs from a default Glance, by region. */
  readonly glance?: Readonly<Partial<Record<NoInfer<Region>, Partial<GlanceOptions>>>>;
}

export interface OpenStack<Region extends string = DefaultRegion> {
  /** What an openrc calls OS_AUTH_URL. */
  readonly authUrl: string;
  readonly keystone: Keystone;
  readonly regions: Readonly<Record<Region, Glance>>;
  /** The Glance of a region whose name was made up. @throws Error naming those there are */
  region(name: string): Glance;
  /**
   * From now on the catalog lists these URLs as the image service of a region, and none where one is null: a proxy, or
   * something else that stands before Glance. An interface that is not named stays as it is.
   */
  setImageEndpoints(region: string, urls: Readonly<Partial<Record<Interface, string | null>>>): void;
  /** A token for the project of admin, demo, colleague (of project demo), other, reader (of project demo) or svc. */
  issueToken(userName: string, lifetimeS?: number): string;
  stop(): Promise<void>;
}

/** One Keystone, and a Glance for each region, on 127.0.0.1: the emulated cloud. */
export async function startOpenStack<const Region extends string = DefaultRegion>(
  options: OpenStackOptions<Region>,
): Promise<OpenStack<Region>> {
  const { dataDir, ports = {}, tokenLifetimeS, cloud = '' } = options;
  // Where none are named, Region is DefaultRegion.
  const names = (options.regions ?? defaultRegions) as readonly Region[];
  const keystone = await startKeystone({
    regions: names,
    cloud,
    port: portOf(ports, 'keystone'),
    ...(tokenLifetimeS === undefined ? {} : { tokenLifetimeS }),
  });
  const started: { stop(): Promise<void> }[] = [keystone];
  const stop = async (): Promise<void> => void (await Promise.all(started.map((server) => server.stop())));
  const glances = new Map<string, Glance>();

  async function startRegion(name: Region): Promise<void> {
    const own = {
      region: name,
      keystone,
      port: portOf(ports, name),
      dataDir: join(dataDir, directoryOf(name)),
    };
    const glance = await startGlance({ ...own, ...options.glance?.[name] });
    started.push(glance);
    glances.set(name, glance);
  }

  try {
    for (const name of names) await startRegion(name);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...{ authUrl: keystone.authUrl, keystone, issueToken: keystone.issueToken, stop },
    setImageEndpoints: keystone.setImageEndpoints,
    // One entry for each name of the list.
    regions: Object.fromEntries(glances) as Record<Region, Glance>,
    region(name) {
      const found = glances.get(name);
      if (!found) throw new Error(`no region ${name}; there are ${names.join(', ')}`);
      return found;
    },
  };
}

const portOf = (ports: Readonly<Record<string, number | undefined>>, name: string): number =>
  ports[name] ?? 0;

/** A name as one of a file: `/`, `.` and `..` among them. REGION1 stays REGION1. */
const directoryOf = (region: string): string => encodeURIComponent(region).replaceAll('.', '%2E');
