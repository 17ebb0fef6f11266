import { spawn } from 'node:child_process'
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build as bundle } from 'esbuild'
import { putInPlace, workshop } from './put-in-place.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const tsc = join(dirname(fileURLToPath(import.meta.resolve('typescript/package.json'))), 'bin/tsc')
const fresh = join(workshop, `build-${process.pid}`)

/** Compiles src to `folder`; answers what the compiler complained about. */
function compile(folder, ...options) {
  const args = [tsc, '-p', 'tsconfig.json', '--noEmit', 'false', '--outDir', folder, ...options]
  const compiler = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  compiler.stdout.on('data', (chunk) => (output += chunk))
  return new Promise((resolve, reject) => {
    compiler.once('error', reject)
    compiler.once('close', (code, signal) => {
      resolve(code === 0 ? '' : output || `The compiler ended with ${signal ?? code}.\n`)
    })
  })
}

/** What can be imported of the package, and the file that its code goes to; the rest of `src` is behind it. */
const entries = new Map([
  ['index.js', 'code/index'],
  ['redis/index.js', 'code/redis'],
  ['sandbox/index.js', 'code/sandbox'],
])

/** From the folder of an entry to the root of its build. */
const upFrom = (entry) => '../'.repeat(entry.split('/').length - 1)

/**
 * The code is CommonJS, once: what is imported and what is required are the same functions and classes. In one file
 * for each entry: to find and open a hundred takes longer than to run them. What is named in `exports` only lists the
 * names: Node reads the whole of a file for them where it is imported. Node itself gets one more ES module (`.node.js`):
 * on Node 20 an `import` of CommonJS takes twice as long as a `require`, which bundlers cannot follow.
 */
async function bundleCode(esm, cjs) {
  const inOneFile = [...entries, ['cli.js', 'cli']]
  await bundle({
    entryPoints: inOneFile.map(([entry, out]) => ({ in: join(esm, entry), out })),
    outdir: cjs,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    logLevel: 'warning',
  })
  const load = createRequire(join(cjs, 'index.js'))
  const left = await readdir(esm, { recursive: true })
  await Promise.all(left.filter((name) => name.endsWith('.js')).map((name) => rm(join(esm, name))))
  for (const [entry, code] of entries) {
    const names = Object.keys(load(`./${code}.js`)).toSorted()
    const required = names.map((name) => `exports.${name} = code.${name}\n`)
    await writeFile(
      join(cjs, entry),
      [
        "'use strict'\n",
        `const code = require('${upFrom(entry) || './'}${code}.js')\n`,
        ...required,
      ].join(''),
    )
    const from = `${upFrom(entry)}../cjs/${entry}`
    const list = names.join(', ')
    await writeFile(join(esm, entry), `export { ${list} } from '${from}'\n`)
    await writeFile(
      join(esm, entry.replace('.js', '.node.js')),
      `import { createRequire } from 'node:module'\nconst code = createRequire(import.meta.url)('${from}')\nexport const { ${list} } = code\n`,
    )
  }
}

async function build() {
  const esm = join(fresh, 'esm')
  const cjs = join(fresh, 'cjs')
  const [esmFaults, cjsFaults] = await Promise.all([
    compile(esm),
    // The types once more: those of CommonJS are of another kind to who requires them. The sources are ES modules:
    // CommonJS from them needs the older module settings.
    compile(
      cjs,
      ...['--module', 'commonjs', '--moduleResolution', 'bundler'],
      ...['--verbatimModuleSyntax', 'false', '--emitDeclarationOnly'],
    ),
  ])
  // Both passes read the same sources: what the first says, the second mostly repeats.
  const faults = esmFaults || cjsFaults
  if (faults) {
    process.stderr.write(`${esmFaults ? 'ES modules' : 'CommonJS'}: the build failed.\n${faults}`)
    process.exitCode = 1
    return
  }
  await writeFile(join(cjs, 'package.json'), '{ "type": "commonjs" }\n')
  await bundleCode(esm, cjs)
  await chmod(join(cjs, 'cli.js'), 0o755)
  await putInPlace(fresh, join(root, 'dist'))
}

await mkdir(workshop, { recursive: true })
try {
  await build()
} finally {
  await rm(fresh, { recursive: true, force: true })
}
