/** The part of osls' service that is used here. Names are osls' own. */
export interface ServerlessFunction {
  readonly handler: string;
  readonly name: string;
  readonly timeout?: number;
  readonly memorySize?: number;
  readonly events: readonly Readonly<Record<string, unknown>>[];
  environment?: Record<string, unknown>;
}

export interface ServerlessService {
  readonly functions: Readonly<Record<string, ServerlessFunction>>;
  readonly provider: {
    environment?: Record<string, unknown>;
    readonly timeout?: number;
    readonly memorySize?: number;
  };
  readonly custom?: { readonly 'serverless-offline'?: { readonly location?: string } };
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * A function's variables as they are locally: those that serverless.yml gives it and no others; the value is this
 * process's own if it has one. What only CloudFormation could resolve (`!Ref`, a secret) is left out otherwise.
 */
function resolve(variables: Readonly<Record<string, unknown>>, env: Env): Record<string, string> {
  const resolved = Object.entries(variables).map(([name, value]) => [name, env[name] ?? value]);
  return Object.fromEntries(
    resolved.filter(([, value]) => typeof value !== 'object').map(([k, v]) => [k, String(v)]),
  );
}

/** Resolves the environments in place, before serverless-offline reads them. */
export function resolveEnvironments({ functions, provider }: ServerlessService, env: Env): void {
  provider.environment = resolve(provider.environment ?? {}, env);
  for (const plan of Object.values(functions)) plan.environment = resolve(plan.environment ?? {}, env);
}

/** The whole environment of a function's process: AWS_* as serverless-offline passes it, then what was resolved. */
export function environmentOf(
  plan: ServerlessFunction,
  service: ServerlessService,
  env: Env,
): Record<string, string> {
  const aws = Object.entries(env).filter(([name]) => name.startsWith('AWS_'));
  const all = { ...Object.fromEntries(aws), ...service.provider.environment, ...plan.environment };
  return resolve({ ...all, AWS_LAMBDA_FUNCTION_NAME: plan.name, IS_OFFLINE: 'true' }, {});
}
