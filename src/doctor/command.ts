import { parseArgs } from 'node:util'
import { appidPattern } from '../options.js'
import type { WxReadiness } from '../readiness-types.js'
import { isCode } from '../wechat/code2session.js'
import { checks, diagnose, type Examination } from './checks.js'
import { readEnvironment } from './environment.js'
import { readinessOf } from './finding.js'
import { openRedis } from './open-redis.js'
import type { Patient } from './patient.js'
import { compareAppid, spendCode } from './phone.js'
import { reportOf } from './report.js'

const doctorUsage = `Usage: express-wx-login doctor [options]

Looks for what keeps logins from working: the AppID and the AppSecret, the IP list (IP白名单), the AppID
of the phone's project, Redis, the clock, a sandbox in production. Says how each is put right. Asks WeChat
for an access token, which costs nothing and disturbs no other server.

It reads the environment of the server: WX_APPID, WX_SECRET, WX_API_BASE, SESSION_SECRET, REDIS_URL,
NODE_ENV. Secrets are not taken as arguments, which other users of a machine can see.

Options:
  --env-file <file>    read variables from a file too; those that are set already win
  --code <code>        a fresh code of wx.login: exchanges it once, to see whether phone and server fit
  --phone-appid <id>   the AppID of the phone's project, to compare
  --json               print { ok, findings } as JSON
  -h, --help           this text

Exit code: 0 ready, with or without warnings; 1 not ready; 2 wrong usage.
`

const connectTimeout = 3000
const timeout = 8000

/** Where the command writes. */
export interface DoctorIo {
  out(text: string): void
  err(text: string): void
}

class UsageError extends Error {}

interface DoctorCommand {
  readonly help: boolean
  readonly json: boolean
  readonly envFile: string | undefined
  readonly code: string | undefined
  readonly phoneAppid: string | undefined
}

function readArguments(args: string[]): DoctorCommand {
  const text = { type: 'string' } as const
  let values
  try {
    values = parseArgs({
      args,
      options: {
        'env-file': text,
        code: text,
        'phone-appid': text,
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    // An argument that is none of ours may be a secret: parseArgs quotes it.
    const { code } = error as { code?: unknown }
    const positional = code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL'
    throw new UsageError(
      positional ? 'there is an argument that belongs to no option' : (error as Error).message,
    )
  }
  const { code, 'phone-appid': phoneAppid, 'env-file': envFile } = values
  if (code !== undefined && !isCode(code)) {
    throw new UsageError('--code: must be what wx.login gave')
  }
  if (phoneAppid !== undefined && !appidPattern.test(phoneAppid)) {
    throw new UsageError('--phone-appid: must be the AppID: letters and digits')
  }
  return { help: values.help ?? false, json: values.json ?? false, envFile, code, phoneAppid }
}

function loadEnvFile(file: string): void {
  try {
    process.loadEnvFile(file)
  } catch {
    throw new UsageError(`--env-file: ${file} cannot be read`)
  }
}

/** What is looked at beside {@link checks}. */
function phoneChecks({ code, phoneAppid }: DoctorCommand, patient: Patient): Examination[] {
  return [
    ...(phoneAppid === undefined
      ? []
      : [{ name: 'phone' as const, run: () => compareAppid(patient, phoneAppid) }]),
    ...(code === undefined
      ? []
      : [{ name: 'phone' as const, run: () => spendCode(patient, code, timeout - 500) }]),
  ]
}

async function examineEnvironment(command: DoctorCommand): Promise<WxReadiness> {
  const environment = readEnvironment(process.env)
  const { redisUrl } = environment
  const redis = redisUrl === undefined ? undefined : await openRedis(redisUrl, connectTimeout)
  try {
    const patient = { ...environment.patient, redis: redis?.client }
    const all: Examination[] = [
      ...checks.map(({ name, run }) => ({ name, run: () => run(patient, timeout - 500) })),
      ...phoneChecks(command, patient),
    ]
    return readinessOf([
      ...environment.findings,
      ...(redis?.findings ?? []),
      ...(await diagnose(all, timeout)),
    ])
  } finally {
    await redis?.close()
  }
}

/**
 * `express-wx-login doctor`: examines the environment of a server, within twelve seconds whatever hangs.
 *
 * @returns the exit code: 0 ready, 1 not ready, 2 wrong usage
 */
export async function runDoctor(args: string[], io: DoctorIo): Promise<number> {
  try {
    const command = readArguments(args)
    if (command.help) {
      io.out(doctorUsage)
      return 0
    }
    if (command.envFile !== undefined) loadEnvFile(command.envFile)
    const readiness = await examineEnvironment(command)
    io.out(command.json ? `${JSON.stringify(readiness, null, 2)}\n` : reportOf(readiness))
    return readiness.ok ? 0 : 1
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    io.err(`express-wx-login: ${error.message}\nSee express-wx-login doctor --help\n`)
    return 2
  }
}
