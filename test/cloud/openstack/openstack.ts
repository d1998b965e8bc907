import { join } from 'node:path';
import { type Glance, type GlanceOptions, startGlance } from './glance/glance.ts';
import { type Keystone, startKeystone } from './keystone/keystone.ts';

export type RegionName = 'REGION1' | 'REGION2';

export interface OpenStackOptions {
  /** Where the data of images lies, one directory for each region. */
  readonly dataDir: string;
  /** Free ports where absent or 0. */
  readonly ports?: Readonly<Partial<Record<'keystone' | RegionName, number>>>;
  /** Seconds; 3600 when absent. */
  readonly tokenLifetimeS?: number;
  /** What differs from a default Glance, by region. */
  readonly glance?: Readonly<Partial<Record<RegionName, Partial<GlanceOptions>>>>;
}

export interface OpenStack {
  /** What an openrc calls OS_AUTH_URL. */
  readonly authUrl: string;
  readonly keystone: Keystone;
  readonly regions: Readonly<Record<RegionName, Glance>>;
  /** A token for the project of admin, demo, other, reader or svc. */
  issueToken(userName: string, lifetimeS?: number): string;
  stop(): Promise<void>;
}

/** One Keystone and two Glances on 127.0.0.1: the emulated cloud. */
export async function startOpenStack(options: OpenStackOptions): Promise<OpenStack> {
  const { dataDir, ports = {}, tokenLifetimeS } = options;
  const keystone = await startKeystone({
    port: ports.keystone ?? 0,
    ...(tokenLifetimeS === undefined ? {} : { tokenLifetimeS }),
  });
  const started: { stop(): Promise<void> }[] = [keystone];
  const stop = async (): Promise<void> => void (await Promise.all(started.map((server) => server.stop())));

  async function region(name: RegionName): Promise<Glance> {
    const own = { region: name, keystone, port: ports[name] ?? 0, dataDir: join(dataDir, name) };
    const glance = await startGlance({ ...own, ...options.glance?.[name] });
    started.push(glance);
    return glance;
  }

  try {
    const regions = { REGION1: await region('REGION1'), REGION2: await region('REGION2') };
    return { authUrl: keystone.authUrl, keystone, regions, issueToken: keystone.issueToken, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
