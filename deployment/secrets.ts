/** The part of osls that is used here. */
interface Serverless {
  readonly configurationInput: {
    readonly params?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
  readonly classes: { readonly Error: new (message: string) => Error };
}

interface Options {
  /** Each `NAME=value`. */
  readonly param?: readonly string[];
}

const credential = `Put the application credential into Secrets Manager,
  aws secretsmanager create-secret --name glance-ferry-user --secret-string '{"id": "…", "secret": "…"}'
and give the ARN that it answers as OS_APPLICATION_CREDENTIAL_SECRET_ARN.`;
const clouds = `Put the clouds.yaml into Secrets Manager,
  aws secretsmanager create-secret --name glance-ferry-clouds --secret-string file://clouds.yaml
and give the ARN that it answers as CLOUDS_SECRET_ARN.`;
/** What a deployment takes from Secrets Manager alone, and how. */
const instead: Readonly<Record<string, string>> = {
  TOKEN_SEALING_SECRET:
    'A deployment makes a sealing secret of its own; docs/operations.md says how to rotate it.',
  OS_APPLICATION_CREDENTIAL_ID: credential,
  OS_APPLICATION_CREDENTIAL_SECRET: credential,
  OS_CLIENT_CONFIG_FILE: clouds,
  CLOUDS_SECRET: clouds,
};

const refusalOf = (name: string): string =>
  `${name} is no parameter: its value would stand in clear in the template.\n${instead[name]}`;

const namesIn = ({ param = [] }: Options, { params = {} }: Serverless['configurationInput']): string[] => [
  ...param.map((one) => one.split('=', 1)[0] ?? ''),
  ...Object.values(params).flatMap((ofStage) => Object.keys(ofStage)),
];

/** A plugin of osls that refuses secrets given as parameters, in every command, and says the way to do it right. */
export default function secrets({ configurationInput, classes }: Serverless, options: Options) {
  const refused = namesIn(options, configurationInput).find((name) => name in instead);
  if (refused !== undefined) throw new classes.Error(refusalOf(refused));
}
