import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** By its place: two versions are installed, and either may have the name `tsc` on the PATH. */
export const tsc = join(
  dirname(fileURLToPath(import.meta.resolve('typescript/package.json'))),
  'bin/tsc',
)

/** Compiles the project in `cwd` to `outDir`; answers what the compiler complained about. */
export function runTsc(cwd, outDir, ...options) {
  const args = [tsc, '-p', 'tsconfig.json', '--noEmit', 'false', '--outDir', outDir, ...options]
  const compiler = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  compiler.stdout.on('data', (chunk) => (output += chunk))
  return new Promise((resolve, reject) => {
    compiler.once('error', reject)
    compiler.once('close', (code, signal) => {
      resolve(code === 0 ? '' : output || `The compiler ended with ${signal ?? code}.\n`)
    })
  })
}
