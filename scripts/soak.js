import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

const usage = `Usage: npm run soak -- [--minutes 30] [--rate 300] [--processes 3] [--seed N]

Server processes on one Redis under a steady load, with a random fault a minute.

  --minutes N     how long (default 30; below 15 the heap slope is printed, but does not count)
  --rate N        requests a second, all processes together (default 300)
  --processes N   server processes, 1 to 9 (default 3: createRedis, createClient, createClientPool)
  --seed N        a whole number: the same faults, in the same order, as the run that printed it

What it prints at the end, and what fails the run:
  heap slope      by least squares over heaps after gc(), taken every 10 s without the first five minutes and
                  without the time of faults: < 1 MB per 10 min in each process
  pending         most requests at any moment that a process had taken more than 2 s ago and not answered:
                  <= 64. Two operations of the store may take its deadline of 1 s each; a login may wait 5 s
                  for WeChat, and counts all the same
  wrong identity  answers that belong to somebody else: 0
  dead tokens     tokens handed out with a 200 and refused later, though nobody ended them: 0
  undead tokens   tokens that still worked, on any process, after their logout was confirmed: 0
  unanswered      requests without an answer within 10 s, or with a broken connection: 0
  unexpected      answers that no fault of the time excuses; 2 s after a fault everything is well again: 0
`

const kinds = {
  minutes: (text) => Number(text) > 0 && Number(text) <= 7 * 24 * 60,
  rate: (text) => /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 5000,
  processes: (text) => /^[1-9]$/.test(text),
  seed: (text) => /^\d{1,9}$/.test(text),
}

function readArguments() {
  const string = { type: 'string' }
  const options = { minutes: string, rate: string, processes: string, seed: string }
  const { values } = parseArgs({ options: { ...options, help: { type: 'boolean' } } })
  for (const [name, isGood] of Object.entries(kinds)) {
    const text = values[name]
    if (text !== undefined && !isGood(text))
      throw new Error(`--${name} ${String(text)}: not possible`)
  }
  return values
}

function start({ minutes = '30', rate = '300', processes = '3', seed }) {
  const jest = join(root, 'node_modules/jest/bin/jest.js')
  const child = spawn(process.execPath, [jest, '--config', 'jest.soak.config.js'], {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      SOAK_MINUTES: minutes,
      SOAK_RATE: rate,
      SOAK_PROCESSES: processes,
      SOAK_SEED: seed ?? String(Math.floor(Math.random() * 1e9)),
    },
  })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  child.once('close', (code) => (process.exitCode = code ?? 1))
}

let values
try {
  values = readArguments()
} catch (error) {
  process.stderr.write(`${error.message}\n\n${usage}`)
  process.exitCode = 2
}
if (values?.help) process.stdout.write(usage)
else if (values) start(values)
