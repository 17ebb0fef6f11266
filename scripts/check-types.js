import { spawnSync } from 'node:child_process'
import { tsc } from './run-tsc.js'

const projects = [
  'tsconfig.json',
  'test/tsconfig.json',
  'sandbox-page',
  'test/types/plain',
  'test/types/registered',
  'client',
  'test/client/types/native',
  'test/client/types/dom',
  'test/client/types/node',
  'test/client/types/none',
]

for (const project of projects) {
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
