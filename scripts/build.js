import { chmod, cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build as bundle } from 'esbuild'
import { putInPlace, workshop } from './put-in-place.js'
import { runTsc } from './run-tsc.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const fresh = join(workshop, `build-${process.pid}`)

/** What can be imported of the package; the rest of `src` is behind it. */
const entries = ['index.js', 'redis/index.js', 'sandbox/index.js']

/** The command line brings the phone's client along, for its scenarios; whoever installs the package does not. */
const withClient = {
  name: 'client',
  setup(build) {
    build.onResolve({ filter: /^wx-login-client$/ }, () => ({
      path: join(root, 'client/src/index.ts'),
    }))
  },
}

/**
 * The code is CommonJS, once: what is imported and what is required are the same functions and classes. In one file
 * for each entry: to find and open a hundred takes longer than to run them. The ES modules only name what is exported:
 * to bundlers with an `export from`, to Node (`.node.js`) by way of `require`, which bundlers cannot follow. On Node 20
 * an `import` of CommonJS takes twice as long.
 */
async function bundleCode(esm, cjs) {
  const options = {
    outbase: esm,
    outdir: cjs,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    logLevel: 'warning',
    plugins: [withClient],
  }
  await bundle({ ...options, entryPoints: entries.map((entry) => join(esm, entry)) })
  // All of the others in one file, which nobody debugs in: without the blanks it is half as large.
  await bundle({ ...options, entryPoints: [join(esm, 'cli.js')], minifyWhitespace: true })
  const load = createRequire(join(cjs, 'index.js'))
  const left = await readdir(esm, { recursive: true })
  await Promise.all(left.filter((name) => name.endsWith('.js')).map((name) => rm(join(esm, name))))
  for (const entry of entries) {
    const code = `${entry.includes('/') ? '../' : ''}../cjs/${entry}`
    const names = Object.keys(load(join(cjs, entry)))
      .toSorted()
      .join(', ')
    await writeFile(join(esm, entry), `export { ${names} } from '${code}'\n`)
    await writeFile(
      join(esm, entry.replace('.js', '.node.js')),
      `import { createRequire } from 'node:module'\nexport const { ${names} } = createRequire(import.meta.url)('${code}')\n`,
    )
  }
}

async function build() {
  const esm = join(fresh, 'esm')
  const cjs = join(fresh, 'cjs')
  const faults = await runTsc(root, esm)
  if (faults) {
    process.stderr.write(`The build failed.\n${faults}`)
    process.exitCode = 1
    return
  }
  // The types once more: in a folder of CommonJS they are of another kind to who requires them.
  const types = (await readdir(esm, { recursive: true })).filter((name) => name.endsWith('.d.ts'))
  await Promise.all(types.map((name) => cp(join(esm, name), join(cjs, name))))
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
