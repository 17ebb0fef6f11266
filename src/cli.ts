#!/usr/bin/env node
import { runSandbox } from './sandbox/command.js'

const usage = `Usage: express-wx-login <command> [options]

Commands:
  sandbox    a fake WeChat for development and tests; sandbox verify checks a login backend with it
  doctor     looks for what keeps logins from working, and says the fix

express-wx-login <command> --help says more.
`

const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      resolve()
    })
  }
})

// npx runs this through a shell that does not pass signals on: without npx nobody is left to stop it.
if (process.env['npm_command'] === 'exec') {
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) process.emit('SIGTERM')
  }, 500).unref()
}

const io = {
  out: (text: string) => void process.stdout.write(text),
  err: (text: string) => void process.stderr.write(text),
  stopped,
  colors: process.stdout.isTTY && !process.env['NO_COLOR'],
}

async function examine(args: string[]): Promise<number> {
  // Not for the sandbox, which needs nothing of a server.
  const { runDoctor } = await import('./doctor/command.js')
  const exitCode = await Promise.race([runDoctor(args, io), stopped.then(() => 1)])
  // What was given up on may hang for long.
  setTimeout(() => process.exit(exitCode), 500).unref()
  return exitCode
}

async function main([command, ...args]: string[]): Promise<number> {
  if (command === 'sandbox') return runSandbox(args, io)
  if (command === 'doctor') return examine(args)
  if (command === '--help' || command === '-h') {
    io.out(usage)
    return 0
  }
  io.err(
    command === undefined
      ? usage
      : `express-wx-login: there is no command "${command}"\nSee express-wx-login --help\n`,
  )
  return 2
}

main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode
  },
  (error: unknown) => {
    console.error(error)
    process.exitCode = 1
  },
)
