import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { runDoctor } from '../../src/doctor/command.js'
import type { WxCheck, WxFinding, WxReadiness } from '../../src/index.js'

// The test script builds first.
const cli = join(__dirname, '../../dist/cjs/cli.js')

export interface DoctorRun {
  exitCode: number | null
  out: string
  err: string
}

type Doctor = (env: NodeJS.ProcessEnv, ...args: string[]) => Promise<DoctorRun>

/** The command, with this environment and no other variable. One at a time. */
export const doctor: Doctor = async (env, ...args) => {
  const before = process.env
  process.env = { ...env }
  const run: DoctorRun = { exitCode: null, out: '', err: '' }
  try {
    run.exitCode = await runDoctor(args, {
      out: (text) => (run.out += text),
      err: (text) => (run.err += text),
    })
    return run
  } finally {
    process.env = before
  }
}

/** `express-wx-login doctor` as a process, with this environment and no other variable but PATH. */
export const doctorProcess: Doctor = (env, ...args) => {
  const child = spawn(process.execPath, [cli, 'doctor', ...args], {
    env: { PATH: process.env['PATH'], ...env },
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (text: Buffer) => (out += text.toString()))
  child.stderr.on('data', (text: Buffer) => (err += text.toString()))
  return new Promise((resolve) => {
    child.on('close', (exitCode) => resolve({ exitCode, out, err }))
  })
}

/** {@link doctor} with `--json`; fails the test where that is not what comes out. */
export async function diagnosis(
  env: NodeJS.ProcessEnv,
  ...args: string[]
): Promise<WxReadiness & { exitCode: number | null }> {
  const { exitCode, out, err } = await doctor(env, '--json', ...args)
  if (err !== '') throw new Error(err)
  return { ...(JSON.parse(out) as WxReadiness), exitCode }
}

/** What was found of one thing, without what is fine. */
export const troubles = (findings: WxFinding[], check?: WxCheck): WxFinding[] =>
  findings.filter((f) => f.level !== 'ok' && (check === undefined || f.check === check))

/** One finding, by its words. */
export const finding = (
  check: WxCheck,
  level: WxFinding['level'],
  message: RegExp,
  fix?: RegExp,
): WxFinding => ({
  check,
  level,
  message: expect.stringMatching(message) as string,
  ...(level !== 'ok' && { fix: expect.stringMatching(fix ?? /\.$/) as string }),
})
