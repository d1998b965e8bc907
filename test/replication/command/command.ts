import { run } from '../../../cli/run.ts';
import { userNamed } from '../../cloud/openstack/keystone/fixture.ts';

/** What a call of the command has said, and its exit code. */
export interface Called {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Of stderr, without the line of progress that a log gets every ten seconds, on a busy machine. */
  readonly complaints: string;
  /** stdout as JSON. */
  json(): Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** stderr is a terminal of so many columns. */
  readonly columns?: number;
  /** Told of what goes to stderr. */
  readonly watch?: (text: string) => void;
}

/** An openrc of a user of the emulated Keystone, and where the deployment is. */
export const openrcOf = (
  userName: string,
  { authUrl, url, region }: { readonly authUrl: string; readonly url: string; readonly region: string },
) => ({
  OS_AUTH_URL: authUrl,
  OS_USERNAME: userName,
  OS_PASSWORD: userNamed(userName).password,
  OS_USER_DOMAIN_NAME: 'Default',
  OS_PROJECT_NAME: userNamed(userName).project.name,
  OS_PROJECT_DOMAIN_NAME: 'Default',
  OS_REGION_NAME: region,
  GLANCE_FERRY_URL: url,
});

const isProgress =
  /^[A-Z]+\d* (looking|queued|running|copying|verifying|activating|waiting|active|\d+ of \d+)\b/;

/** The command, in this process. */
export const callCommand = async (
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { signal = new AbortController().signal, columns, watch = () => undefined }: CallOptions = {},
): Promise<Called> => {
  const said = { stdout: '', stderr: '' };
  const out = (name: keyof typeof said) => ({
    write: (text: string) => {
      said[name] += text;
      if (name === 'stderr') watch(text);
    },
  });
  const terminal = columns === undefined ? {} : { isTTY: true, columns };
  const io = { stdout: out('stdout'), stderr: { ...out('stderr'), ...terminal }, env, signal };
  const code = await run(args, io, '0.0.0');
  const lines = said.stderr.split(/(?<=\n)/);
  const complaints = lines.filter((line) => !isProgress.test(line)).join('');
  return { code, ...said, complaints, json: () => JSON.parse(said.stdout) };
};
