import { type CommandIo, UsageError } from '../command-io.js'
import {
  detectMode,
  type RunOptions,
  runScenario,
  SandboxUnreachableError,
  scenarios,
  type Words,
} from '../scenarios/index.js'
import { AbortedError } from '../scenarios/limits.js'
import { words } from '../scenarios/words.js'
import { readArguments, type VerifyCommand, verifyUsage } from './arguments.js'
import { CouldNotRunError } from './could-not-run.js'
import { preflight } from './preflight.js'
import {
  closingLine,
  type Heading,
  headingOf,
  jsonOf,
  linesOf,
  type Played,
  totalsOf,
} from './report.js'
import { type FoundSandbox, sandboxAt } from './sandbox-at.js'

const stoppedEarly = (): CouldNotRunError =>
  new CouldNotRunError('STOPPED', words('Stopped before the end.', '提前停止。'))

/** Plays what was asked for, one after another, and tells each as it ends. */
async function playAll(
  { only, lang, json }: VerifyCommand,
  options: RunOptions,
  io: CommandIo,
): Promise<Played[]> {
  const picked = scenarios.filter(({ id }) => only === undefined || only.includes(id))
  const width = Math.max(...picked.map(({ id }) => id.length))
  const played: Played[] = []
  for (const scenario of picked) {
    const result = await runScenario(scenario, options)
    if (result.status === 'aborted') throw stoppedEarly()
    played.push({ scenario, result })
    if (json) continue
    io.out(linesOf({ scenario, result }, { lang, colors: io.colors ?? false }, width))
  }
  return played
}

/** Of a server that cannot start before its Redis is there. */
const patience = 60_000

const redisHint = (port: number): Words =>
  words(
    `Your server finds its Redis at redis://127.0.0.1:${String(port)} now, with user and password as before.\n`,
    `现在请让服务器使用 redis://127.0.0.1:${String(port)} 作为 Redis，用户名和密码不变。\n`,
  )

async function verify(
  command: VerifyCommand,
  { baseUrl, started, redisPort }: FoundSandbox,
  signal: AbortSignal,
  io: CommandIo,
): Promise<number> {
  const { target, lang, json } = command
  const options: RunOptions = { sandbox: baseUrl, target, contract: command.contract, signal }
  if (redisPort !== undefined) io.err(redisHint(redisPort)[lang])
  const { contract, notes } = await preflight(options, redisPort === undefined ? 0 : patience)
  const mode = command.mode ?? (await detectMode({ ...options, contract }))
  const heading: Heading = {
    ...{ target, sandbox: baseUrl, started, mode, notes },
    detected: command.mode === undefined,
  }
  if (!json) io.out(headingOf(heading, lang))
  const played = await playAll(command, { ...options, contract, mode }, io)
  const totals = totalsOf(played)
  io.out(json ? jsonOf(heading, played, lang) : `\n${closingLine(totals, lang)}\n`)
  return totals.failed === 0 ? 0 : 1
}

/** What kept the command from running; undefined for a mistake of this package. */
function reasonOf(error: unknown): CouldNotRunError | undefined {
  if (error instanceof CouldNotRunError) return error
  if (error instanceof AbortedError) return stoppedEarly()
  if (!(error instanceof SandboxUnreachableError)) return undefined
  const { message } = error
  return new CouldNotRunError(
    'SANDBOX_DOWN',
    words(`The sandbox does not answer: ${message}`, `沙箱没有应答：${message}`),
  )
}

async function runCommand(command: VerifyCommand, io: CommandIo): Promise<number> {
  const controller = new AbortController()
  void io.stopped.then(() => {
    controller.abort()
  })
  let sandbox: FoundSandbox | undefined
  try {
    sandbox = await sandboxAt(command.sandbox, command.redis)
    return await verify(command, sandbox, controller.signal, io)
  } catch (error) {
    const reason = reasonOf(error)
    if (!reason) throw error
    const message = reason.words[command.lang]
    if (command.json) {
      const shape = { ok: false, error: { code: reason.code, message } }
      io.out(`${JSON.stringify(shape, null, 2)}\n`)
    } else io.err(`express-wx-login: ${message}\n`)
    return 3
  } finally {
    await sandbox?.close()
  }
}

/**
 * `express-wx-login sandbox verify`: plays the scenarios against a login backend.
 *
 * @returns the exit code: 0 no cross, 1 a cross, 2 wrong usage, 3 could not run
 */
export async function runVerify(args: string[], io: CommandIo): Promise<number> {
  try {
    const command = readArguments(args)
    if (!command.help) return await runCommand(command, io)
    io.out(verifyUsage)
    return 0
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    io.err(`express-wx-login: ${error.message}\nSee express-wx-login sandbox verify --help\n`)
    return 2
  }
}
