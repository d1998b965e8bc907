import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Workshop } from './workshop.ts';

// What GitHub's and GitLab's runners do with the shell parts of their files, as far as the recipes need it.

type Variables = Readonly<Record<string, string>>;

interface Step {
  readonly id?: string;
  readonly run?: string;
  readonly if?: string;
  readonly env?: Variables;
}
interface Workflow {
  readonly jobs: Readonly<
    Record<
      string,
      { readonly env?: Variables; readonly steps: readonly Step[]; readonly outputs?: Variables }
    >
  >;
}

/** `${{ vars.OS_AUTH_URL }}`, `${{ steps.copy.outputs.replicas }}`: the values by these names. */
const resolved = (text: string, context: Variables): string =>
  text.replaceAll(/\$\{\{ ([\w.]+) \}\}/g, (_, name: string) => {
    const value = context[name];
    if (value === undefined) throw new Error(`The workflow asks for ${name}`);
    return value;
  });

const resolvedAll = (variables: Variables = {}, context: Variables): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).map(([name, text]) => [name, resolved(text, context)]));

/** `name=value` lines, as a step leaves them in $GITHUB_OUTPUT. */
const outputsOf = (id: string | undefined, text: string): Variables =>
  Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [
        `steps.${id}.outputs.${line.slice(0, line.indexOf('='))}`,
        line.slice(line.indexOf('=') + 1),
      ]),
  );

export interface RunOptions {
  readonly workshop: Workshop;
  readonly cwd: string;
  /** The YAML file. */
  readonly file: string;
  readonly job: string;
}

/**
 * The steps of a job that are shell (those that use an action are left out), each by `bash -e`, as GitHub runs them.
 * @param context what stands in `${{ … }}`
 * @returns the job's outputs, and what it shows as its summary
 */
export const runWorkflow = async (
  { workshop, cwd, file, job: name }: RunOptions,
  context: Variables,
): Promise<{ readonly outputs: Variables; readonly summary: string }> => {
  const workflow: Workflow = parse(await readFile(join(cwd, file), 'utf8'));
  const job = workflow.jobs[name];
  if (!job) throw new Error(`${file} has no job ${name}`);
  const [output, summary] = [join(cwd, 'output'), join(cwd, 'summary')];
  await writeFile(summary, '');
  let known = context;
  for (const { id, run, env } of job.steps) {
    if (run === undefined) continue;
    await writeFile(output, '');
    const own = { ...resolvedAll(job.env, known), ...resolvedAll(env, known) };
    const files = { GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary };
    await workshop.type(run, { cwd, env: { ...own, ...files }, flags: '-e', isBare: true });
    known = { ...known, ...outputsOf(id, await readFile(output, 'utf8')) };
  }
  return { outputs: resolvedAll(job.outputs, known), summary: await readFile(summary, 'utf8') };
};

/** The `script` of a job, by `bash -eo pipefail`, as GitLab's runner does. @param variables of the project and of jobs before */
export const runGitlabJob = async (
  { workshop, cwd, file, job: name }: RunOptions,
  variables: Variables,
): Promise<void> => {
  const jobs = parse(await readFile(join(cwd, file), 'utf8'));
  const lines: readonly string[] = jobs[name].script;
  await workshop.type(lines.join('\n'), { cwd, env: variables, flags: '-eo pipefail', isBare: true });
};
