import { cp, mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { buildPhone } from './build-phone.js'
import { packagesIn, writeLicenses } from './licenses.js'
import { putInPlace, workshop } from './put-in-place.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const source = join(root, 'sandbox-page')
const fresh = join(workshop, `page-${process.pid}`)

/** The page of the sandbox in three files that a strict Content-Security-Policy allows: nothing inline, nothing from elsewhere. */
async function buildPage(outDir) {
  const { metafile } = await build({
    entryPoints: { page: join(source, 'main.tsx') },
    outdir: outDir,
    bundle: true,
    format: 'esm',
    // light-dark() stays as it is: browsers know it since 2024.
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  })
  await cp(join(source, 'index.html'), join(outDir, 'index.html'))
  return { packages: packagesIn(metafile) }
}

await mkdir(fresh, { recursive: true })
try {
  // The phone first: it empties its folder.
  const phone = await buildPhone(join(fresh, 'phone'))
  const page = await buildPage(fresh)
  writeLicenses(join(fresh, 'LICENSES.txt'), [...phone.packages, ...page.packages])
  await mkdir(join(root, 'dist'), { recursive: true })
  await putInPlace(fresh, join(root, 'dist/page'))
} finally {
  await rm(fresh, { recursive: true, force: true })
}
