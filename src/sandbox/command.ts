import { parseArgs } from 'node:util'
import { SANDBOX_SECRET } from './apps.js'
import { type CommandIo, UsageError } from './command-io.js'
import { createSandbox } from './create-sandbox.js'
import type { SandboxOptions, SandboxRotation } from './option-types.js'
import { SandboxError } from './sandbox-error.js'
import type { Sandbox } from './types.js'

const sandboxUsage = `Usage: express-wx-login sandbox [options]
       express-wx-login sandbox verify --target <url>   checks a login backend in any language: verify --help

Starts a fake WeChat for development and tests, with a page that shows a login happen. Anybody can log in to it as
anybody.

Options:
  --port <n>        port to listen on, 0 for a free one (default 3900)
  --host <name>     address to listen on (default 127.0.0.1: this machine only)
  --appid <id>      AppID of the mini program it plays WeChat for; together with --secret
  --secret <text>   its AppSecret (default: a public sandbox app, printed at the start)
  --target <url>    the server that the page's phone talks to (default http://127.0.0.1:3000)
  --redis <url>     the Redis of that server, as redis://127.0.0.1:6379; give the server the port after the sandbox'
                    instead (redis://127.0.0.1:3901), so that the page shows what is stored
  --seed <text>     the same codes, keys and tokens in every run (default: random)
  --push-target <o> an origin beyond this machine that messages may be sent to; may be repeated
  --rotation <p>    when wx.login changes the session key: always, interval or never (default always)
  -h, --help        this text
`

interface SandboxCommand {
  readonly help: boolean
  readonly port: number
  readonly host: string
  readonly redis: string | undefined
  readonly options: SandboxOptions
}

function readPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text)
  throw new UsageError(`--port: must be a number from 0 to 65535, not "${text}"`)
}

function readRotation(text: string): SandboxRotation {
  if (text === 'always' || text === 'interval' || text === 'never') return text
  throw new UsageError(`--rotation: must be always, interval or never, not "${text}"`)
}

function readArguments(args: string[]): SandboxCommand {
  const text = { type: 'string' } as const
  let values
  try {
    values = parseArgs({
      args,
      options: {
        port: text,
        host: text,
        appid: text,
        secret: text,
        seed: text,
        rotation: text,
        target: text,
        redis: text,
        'push-target': { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  const { appid, secret, seed, rotation } = values
  if ((appid === undefined) !== (secret === undefined)) {
    throw new UsageError('--appid and --secret go together: give both, or neither')
  }
  if (values.host === '') throw new UsageError('--host: must not be empty')
  return {
    help: values.help ?? false,
    port: readPort(values.port ?? '3900'),
    host: values.host ?? '127.0.0.1',
    redis: values.redis,
    options: {
      target: values.target ?? 'http://127.0.0.1:3000',
      ...(appid !== undefined && secret !== undefined && { apps: [{ appid, secret }] }),
      ...(seed !== undefined && { seed }),
      ...(values['push-target'] && { pushTargets: values['push-target'] }),
      ...(rotation !== undefined && { rotation: readRotation(rotation) }),
    },
  }
}

function greeting({ appid, secret, baseUrl, target }: Sandbox, redis: string | undefined): string {
  return `SANDBOX: this is not WeChat. Anybody can log in here as anybody.

  WeChat's address   ${baseUrl}
  AppID              ${appid}
  AppSecret          ${secret === SANDBOX_SECRET ? secret : 'as given with --secret'}
  Page               ${baseUrl}/__sandbox  open it to see a login happen
  Your server        ${target!}${redis === undefined ? '' : `\n  Its Redis          ${redis}`}

A code, as wx.login gives it:
  curl -X POST ${baseUrl}/__sandbox/users/alice/login

Ctrl+C stops it.
`
}

/** What to say and the exit code for what kept the command from running. */
function explain(error: unknown): { message: string; exitCode: number } {
  const { code, message } = error as NodeJS.ErrnoException
  const wrongUse = error instanceof UsageError || code === 'SANDBOX_BAD_REQUEST'
  if (wrongUse) {
    return { message: `${message}\nSee express-wx-login sandbox --help`, exitCode: 2 }
  }
  if (code === 'EADDRINUSE') {
    return { message: `${message}. Is a sandbox running already? Try --port 0`, exitCode: 1 }
  }
  if (error instanceof SandboxError || code !== undefined) return { message, exitCode: 1 }
  throw error
}

/** At the port after the sandbox' own, so that a server can be told before. */
const tapRedis = (sandbox: Sandbox, url: string, port: number): Promise<string> =>
  sandbox.tapRedis(url, { port: port === 0 ? 0 : port + 1 })

/**
 * `express-wx-login sandbox`: runs until stopped; `sandbox verify` until it is done.
 *
 * @returns the exit code: 0 stopped, 1 could not run, 2 wrong usage; of `verify` its own
 */
export async function runSandbox(args: string[], io: CommandIo): Promise<number> {
  if (args[0] === 'verify') {
    // Not for the sandbox itself, which needs none of the scenarios.
    const { runVerify } = await import('./verify/command.js')
    return runVerify(args.slice(1), io)
  }
  try {
    const { help, port, host, redis, options } = readArguments(args)
    if (help) {
      io.out(sandboxUsage)
      return 0
    }
    const sandbox = createSandbox(options)
    await sandbox.listen(port, host)
    try {
      io.out(
        greeting(sandbox, redis === undefined ? undefined : await tapRedis(sandbox, redis, port)),
      )
      await io.stopped
    } finally {
      await sandbox.close()
    }
    return 0
  } catch (error) {
    const { message, exitCode } = explain(error)
    io.err(`express-wx-login: ${message}\n`)
    return exitCode
  }
}
